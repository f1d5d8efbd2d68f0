"""What pages run beside the package: `%load_ext pages` gives sharp pictures, and `%%terminal` for commands."""

import subprocess


def load_ipython_extension(shell):
    shell.run_line_magic("config", 'InlineBackend.figure_formats = ["svg"]')
    shell.register_magic_function(terminal, "cell")


def terminal(line, cell):
    """Run commands, and show in one piece what they print."""
    done = subprocess.run(
        ["bash", "-c", cell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(done.stdout, end="")
    assert done.returncode == 0 or line == "fails", done.stdout
