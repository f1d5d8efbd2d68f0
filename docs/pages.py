"""What pages run beside the package: `%%terminal`, for commands; `conf.py` has every page's kernel load it."""

import subprocess


def load_ipython_extension(shell):
    shell.register_magic_function(terminal, "cell")


def terminal(line, cell):
    """Run commands, and show in one piece what they print."""
    done = subprocess.run(
        ["bash", "-c", cell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(done.stdout, end="")
    assert done.returncode == 0 or line == "fails", done.stdout
