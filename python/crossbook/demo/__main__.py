"""`python -m crossbook.demo`."""

from crossbook.demo.cli import demo_command

demo_command(prog_name="crossbook demo")
