"""What docs/clusters.md has SLURM run: workers that leave before their job is killed. All the rest of it runs there."""

import re
from pathlib import Path

PAGE = (Path(__file__).parent.parent / "docs" / "clusters.md").read_text()


def seconds(text):
    return sum(int(n) * {"h": 3600, "m": 60, "s": 1}[unit] for n, unit in re.findall(r"(\d+)([hms])", text))


def test_the_recipe_for_slurm_has_workers_leave_in_time():
    from dask_jobqueue import SLURMCluster

    (code,) = re.findall(r"cat > coordinator\.py << 'END'\n(.*?)\nEND\n", PAGE, re.DOTALL)
    names = {"__name__": "coordinator"}
    exec(code, names)
    with names["workers"]() as cluster:
        assert type(cluster) is SLURMCluster
        script = cluster.job_script()
    hours, minutes, _ = map(int, re.search(r"#SBATCH -t (\d+):(\d+):(\d+)", script).groups())
    lifetime, stagger = re.search(r"--lifetime (\S+) --lifetime-stagger (\S+)", script).groups()
    assert seconds(lifetime) + seconds(stagger) < hours * 3600 + minutes * 60
