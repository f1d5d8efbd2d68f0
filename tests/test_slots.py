"""What lies under the live cache: samples as bytes, slots and their words, named files, room."""

import collections
import copy
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch, which is an extra", exc_type=ImportError)

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as arrays  # noqa: E402

from simcache.torch import protocol, room, sharing  # noqa: E402
from simcache.torch.describing import Unfit, copied, laid, same  # noqa: E402
from simcache.torch.slots import Slots  # noqa: E402

pytestmark = pytest.mark.torch
Point = collections.namedtuple("Point", "x y")


def there_and_back(sample):
    """The sample that comes out of a slot."""
    slots, it = Slots(2), laid(sample)
    assert slots.fits(it)
    assert slots.write(1, 7, 3, it) == protocol.STORED
    assert slots.read(np.array([1]), np.array([6])) == [None]
    assert slots.read(np.array([0]), np.array([7])) == [None]
    first, again = slots.read(np.array([1, 1]), np.array([7, 7]))
    assert first is not again
    slots.close()
    return again[0]


def alike(one, two):
    """Whether types, dtypes, shapes and bytes are the same."""
    if type(one) is not type(two):
        return False
    if isinstance(one, torch.Tensor):
        one, two = one.resolve_conj(), two.resolve_conj()
        return (one.dtype, one.shape, one.requires_grad) == (two.dtype, two.shape, two.requires_grad) and torch.equal(
            one.detach().contiguous().reshape(-1).view(torch.uint8),
            two.detach().contiguous().reshape(-1).view(torch.uint8),
        )
    if isinstance(one, np.ndarray) and one.dtype != object:
        return (one.dtype, one.shape, one.tobytes()) == (two.dtype, two.shape, two.tobytes())
    if isinstance(one, dict):
        return list(one) == list(two) and all(map(alike, one.values(), two.values()))
    if isinstance(one, tuple | list):
        return len(one) == len(two) and all(map(alike, one, two))
    return repr(one) == repr(two)  # NaN too


LEAVES = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(),
    st.binary(),
    arrays.arrays(
        st.one_of(arrays.scalar_dtypes(), arrays.array_dtypes(max_size=3)).filter(lambda d: d.itemsize < 64),
        arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
    ),
    st.builds(
        lambda dtype, shape: torch.testing.make_tensor(*shape, dtype=dtype, device="cpu"),
        st.sampled_from(
            [
                torch.uint8,
                torch.bool,
                torch.int16,
                torch.int64,
                torch.float16,
                torch.bfloat16,
                torch.float64,
                torch.complex64,
            ]
        ),
        st.lists(st.integers(0, 4), max_size=3),
    ),
    st.builds(Point, st.integers(), st.text()),
)
SAMPLES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(), inner, max_size=3),
        st.dictionaries(st.integers(), inner, max_size=2),
    ),
    max_leaves=8,
)


@given(SAMPLES)
def test_samples_come_back_as_they_were(sample):
    back = there_and_back(sample)
    assert alike(sample, back)
    assert same(back, sample)


SPECIAL = {
    "strided": torch.arange(12).reshape(3, 4)[:, ::2],
    "negative": np.arange(12).reshape(3, 4)[::-1, ::2],
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "big-endian": np.arange(3, dtype=">i4"),
    "structured": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
    "objects": np.array([1, "two"], object),
    "no dimension": (torch.tensor(3.5), np.array(7)),
    "conjugate": torch.tensor([1 + 2j]).conj(),
    "float8": torch.ones(3).to(torch.float8_e4m3fn),
    "parameter": torch.nn.Parameter(torch.ones(2)),
    "gradient": torch.ones(2, requires_grad=True),
    "deep": {"a": {"b": [({"c": (1, [2.5, ()])},)]}, "": {}},
    "many keys": {f"key number {k}": k for k in range(200)},
    "surrogate": {"\ud800": 1},
    "set": {1, 2, 3},
    "scalars": (np.float32(1.5), np.int64(3), np.bool_(True)),
    "nothing": (),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_samples_come_back(name):
    sample = SPECIAL[name]
    back = there_and_back(sample)
    assert alike(sample, back)
    assert same(back, sample)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_a_quantized_tensor_comes_back():
    sample = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    back = there_and_back(sample)
    assert back.is_quantized
    assert back.dequantize().equal(sample.dequantize())


def test_an_image_comes_back():
    image = pytest.importorskip("PIL.Image", reason="needs Pillow").new("RGB", (8, 6), (1, 2, 3))
    back = there_and_back((image, 3))[0]
    assert (back.size, back.mode, back.tobytes()) == (image.size, image.mode, image.tobytes())


ITSELF = []
ITSELF.append(ITSELF)


@pytest.mark.parametrize(
    "sample",
    [
        torch.eye(2).to_sparse(),
        Point(torch.eye(2).to_sparse(), 1),
        torch.empty(1, device="meta"),
        {1: torch.empty(1, device="meta")},
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        lambda: 0,
        [(i for i in ())],
        {"a": open}.items(),
        ITSELF,
    ],
)
def test_what_cannot_be_laid_out(sample):
    with pytest.raises(Unfit):
        laid({"deep": [sample]})


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_nested_tensor_of_the_older_kind_cannot_be_laid_out():
    with pytest.raises(Unfit, match="nested"):
        laid(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))


class Image(torch.Tensor):
    pass


VIEWED = torch.arange(100_000.0).reshape(1000, 100)
WEIGHTS = torch.ones(1000, 100, requires_grad=True)


@pytest.mark.parametrize(
    "sample",
    [VIEWED[3], Point(VIEWED[3], 1), {1: VIEWED[3, ::2]}, VIEWED.as_subclass(Image)[3], WEIGHTS[3], (WEIGHTS[3],)],
)
def test_of_a_view_its_own_part_is_kept(sample):
    assert laid(sample).layout.bytes < 4_000
    for back in (there_and_back(sample), copied(sample)):
        assert alike(sample, back)
        assert same(back, sample)
    held = [it for it in (sample, copied(sample)) if isinstance(it, torch.Tensor)]
    assert not held or [it.untyped_storage().nbytes() < 4_000 for it in held] == [False, True]


@pytest.mark.parametrize("name", SPECIAL)
def test_copies_are_alike_and_apart(name):
    one = copied(SPECIAL[name])
    assert alike(SPECIAL[name], one)


def test_what_cannot_be_laid_out_may_be_copied():
    assert copied(torch.eye(2).to_sparse()).is_sparse
    with pytest.raises(Unfit, match="which pickle refuses"):
        copied(i for i in ())


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1, 1.0),
        (torch.eye(2), torch.eye(2).to_sparse()),
        (1, True),
        ([1], (1,)),
        ([1, 2], [1]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (torch.ones(2), torch.ones(2, dtype=torch.float64)),
        (torch.ones(2), torch.tensor([1, 1.5])),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        ("one", "two"),
        (Point(1, 2), Point(1, 3)),
    ],
)
def test_samples_that_differ(one, two):
    assert not same(one, two)
    assert same(one, copy.deepcopy(one))
    assert same(two, copy.deepcopy(two)) or two.is_sparse  # which is never cached


# ---------------------------------------------------------------- the protocol, one process


def test_newer_wins_and_who_writes_is_left_alone():
    slots = Slots(1, slot_bytes=8)
    zero = np.zeros(1, np.int64)

    def held(item):
        found = slots.read(zero, np.array([item]))[0]
        return None if found is None else found[0]

    def write(item, number, value):
        it = laid(value)
        assert slots.fits(it)
        return slots.write(0, item, number, it)

    assert held(0) is None  # an empty word is not item 0's
    assert write(0, 0, 10) == protocol.STORED
    assert held(0) == 10
    assert write(1, 0, 11) == protocol.REFUSED
    assert write(0, 1, 12) == protocol.STORED
    assert write(2**31 - 2, 2, 13) == protocol.EVICTED
    assert (held(0), held(2**31 - 2)) == (None, 13)
    assert write(3, 2**32 - 2, 14) == protocol.EVICTED
    assert held(3) == 14
    word = np.frombuffer(slots._head, np.uint64, 1, 8 * 512)
    word[0] |= 1  # as whoever is killed while writing leaves it
    assert held(3) is None
    assert write(4, 2**32 - 2, 15) == protocol.REFUSED
    del word
    slots.close()


def test_items_are_admitted_once_until_the_slots_are_given_out():
    slots = Slots(2, items=4)
    assert slots.find(np.arange(4)).tolist() == [-1] * 4
    assert (slots.admit(3), slots.admit(3), slots.full) == (0, -1, False)
    assert (slots.admit(1), slots.full, slots.admit(0)) == (1, True, -1)
    assert slots.find(np.arange(4)).tolist() == [-1, 1, -1, 0]


def test_samples_described_otherwise_share_a_batch():
    samples = [torch.ones(k) for k in range(5)] + [(k, str(k) * k) for k in range(5)]
    slots = Slots(10, slot_bytes=100)
    for k, each in enumerate(samples):
        assert slots.fits(laid(each))
        slots.write(k, k, 0, laid(each))
    which = np.array([9, 0, 4, 4, 7, 2, 5])
    for each, k in zip(slots.read(which, which), which, strict=True):
        assert alike(each[0], samples[k])


def test_lengths_are_not_believed_before_they_are_checked():
    slots = Slots(1, slot_bytes=8)
    slots.fits(laid(1))
    slots.write(0, 0, 0, laid(1))
    body = np.frombuffer(slots._body, np.int64)
    for nonsense in (-1, 2**62, 0, 10**6):
        body[1] = nonsense
        assert slots.read(np.zeros(1, np.int64), np.zeros(1, np.int64)) == [None]
    del body


# ---------------------------------------------------------------- room


@pytest.mark.parametrize(
    ("text", "count"),
    [("25 GB", 25 * 10**9), ("1.5KiB", 1536), ("512 MiB", 2**29), (" 7 b ", 7), ("1e3 B", None), ("5 iB", None),
     ("GB", None), ("-1 GB", None), ("0.1 B", None), ("1 GiB!", None)],
)  # fmt: skip
def test_sizes(text, count):
    if count is None:
        with pytest.raises(ValueError, match="capacity in bytes must be written like"):
            room.parsed(text, "capacity")
    else:
        assert room.parsed(text, "capacity") == count


def test_sizes_for_people():
    assert [room.written(n) for n in (0, 999, 1500, 25 * 10**9)] == ["0 B", "999 B", "1.5 KB", "25 GB"]


def machine(root, groups, **files):
    """A machine's /proc and /sys, in a folder."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_in_", ".in_")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return room.memory(root)


def group(root, path, limit, used, statistics, version=2):
    names = ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    folder = root / "sys/fs/cgroup" / ("" if version == 2 else "memory") / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip((*names, "memory.stat"), (limit, used, statistics), strict=True):
        (folder / name).write_text(f"{text}\n")


def test_memory_is_the_least_of_the_machine_and_its_control_groups(tmp_path):
    assert machine(tmp_path, "0::/a/b\n") == 8000 * 1024
    group(tmp_path, "a/b", "max", 5, "inactive_file 1")
    assert room.memory(tmp_path) == 8000 * 1024
    group(tmp_path, "a", 1000, 900, "anon 3\ninactive_file 50")
    assert room.memory(tmp_path) == 150
    group(tmp_path, "a/b", 100, 120, "inactive_file 20")
    assert room.memory(tmp_path) == 20
    (tmp_path / "proc/self/cgroup").write_text("0::/elsewhere/outside\n")  # seen from inside a container
    group(tmp_path, "", 700, 0, "anon 0")
    assert room.memory(tmp_path) == 700


def test_memory_under_the_older_control_groups(tmp_path):
    assert machine(tmp_path, "4:cpu:/x\n3:memory:/x\n") == 8000 * 1024
    group(tmp_path, "x", 500, 100, "total_inactive_file 7\ninactive_file 3", version=1)
    assert room.memory(tmp_path) == 407
    assert room.memory(tmp_path / "nothing") > 2**60


def test_too_little_memory_is_said_before_it_is_touched(monkeypatch):
    monkeypatch.setattr(room, "memory", lambda: 100_000)
    slots = Slots(100)
    with pytest.raises(MemoryError, match=r"1.\d+ MB needed, 100 KB available; set a smaller capacity"):
        slots.fits(laid(torch.zeros(2500)))
    with pytest.raises(MemoryError, match="100 KB available"):
        Slots(100, slot_bytes=10_000)
    with pytest.raises(MemoryError, match="100 KB available"):
        Slots(100_000)
    assert slots.read(np.zeros(1, np.int64), np.zeros(1, np.int64)) == [None]


# ---------------------------------------------------------------- named files


def left(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_name_is_a_private_file_that_the_last_one_removes(tmp_path):
    path = sharing.named("run7", tmp_path)
    one = Slots(3, path=path)
    assert path.stat().st_mode & 0o777 == 0o600
    two = Slots(3, path=path)
    assert one.fits(laid(5))
    one.write(0, 1, 0, laid(5))
    assert two.read(np.zeros(1, np.int64), np.ones(1, np.int64)) == [[5]]
    one.close()
    assert left(tmp_path) == ["simcache-run7"]
    assert two.read(np.zeros(1, np.int64), np.ones(1, np.int64)) == [[5]]
    two.close()
    assert left(tmp_path) == []
    assert sharing.named("run7", None) == Path("/dev/shm/simcache-run7")


def test_a_name_stands_for_one_plan(tmp_path):
    path = sharing.named("run7", tmp_path)
    one = Slots(3, mark=1, path=path)
    for count, mark in ((4, 1), (3, 2)):
        with pytest.raises(ValueError, match=r"the same plan in all processes.*3 slots, here.*another name"):
            Slots(count, mark=mark, path=path)
    assert left(tmp_path) == ["simcache-run7"]
    Slots(3, mark=1, path=path).close()
    one.close()
    Slots(4, mark=2, path=path).close()
    assert left(tmp_path) == []


def test_a_name_that_is_something_else(tmp_path):
    path = sharing.named("run7", tmp_path)
    path.symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match=r"plain file of this user.*got a symbolic link"):
        Slots(3, path=path)
    assert left(tmp_path) == ["simcache-run7"]
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="got a folder"):
        Slots(3, path=path)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(PermissionError, match="got none"):
        Slots(3, path=path)


@pytest.mark.parametrize("held", [False, True])
def test_a_file_that_is_no_cache_is_left_alone_whatever_it_is_called(held, tmp_path):
    path = sharing.named("run7.csv", tmp_path)
    path.write_bytes(b"results of a week")
    with path.open() as file:
        if held:
            fcntl.flock(file, fcntl.LOCK_SH)
        with pytest.raises(PermissionError, match=r"plain file of this user.*got one that holds something else"):
            Slots(3, path=path)
    Slots(3, path=sharing.named("run8", tmp_path)).close()
    assert path.read_bytes() == b"results of a week"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_name_of_another_user(tmp_path):
    path = sharing.named("run7", tmp_path)
    path.write_bytes(b"theirs")
    os.chown(path, 12345, 12345)
    with pytest.raises(PermissionError, match="got one of user 12345"):
        Slots(3, path=path)
    assert path.read_bytes() == b"theirs"


def test_attaching_removes_what_killed_runs_left(tmp_path):
    code = "import sys, os, time, signal; from pathlib import Path; from simcache.torch.slots import Slots\n"
    code += "it = Slots(3, path=Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    command = [sys.executable, "-c", code, str(sharing.named("run8", tmp_path))]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (tmp_path / "simcache-torn").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"kept")
    kept = sharing.named("kept", tmp_path)
    assert len(left(tmp_path)) == 3
    held = os.open(kept, os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_SH)
    one = Slots(5, path=sharing.named("run8", tmp_path))
    assert left(tmp_path) == ["other", "simcache-kept", "simcache-run8"]
    one.close()
    os.close(held)
    Slots(5, path=kept).close()
    assert left(tmp_path) == ["other"]


def test_a_process_that_ends_leaves_nothing(tmp_path):
    code = "import sys; from pathlib import Path; from simcache.torch.slots import Slots\n"
    code += "it = Slots(3, path=Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(sharing.named("run8", tmp_path))], check=True)
    assert left(tmp_path) == []


def test_what_is_removed_between_two_steps_is_made_again(tmp_path, monkeypatch):
    path, removed = sharing.named("run7", tmp_path), []
    flock = fcntl.flock

    def interrupted(handle, how):
        if not removed and how & fcntl.LOCK_SH:  # after the layout, as the lock lets go for a moment
            removed.append(path.unlink())
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", interrupted)
    slots = Slots(3, path=path)
    assert removed
    assert os.path.samestat(os.fstat(slots._handle), path.stat())
    slots.close()
