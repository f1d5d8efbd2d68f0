"""Hits of every policy on the traces of benchmarks/, as digests: a faster kernel is held to the bits of before."""

from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from simcache import Trace, policies, simulate, synth

TRACES = {
    "zipf": lambda: synth.zipf(10**6, 10**7, 1.0, seed=0),
    "its first tenth": lambda: Trace(made("zipf").ids[: 10**6], 10**6),
    "uniform": lambda: synth.uniform(50_000, 500_000, seed=0),
    "shuffled": lambda: synth.shuffled(50_000, 10, seed=0),
    "random-replacement": lambda: recorded("random-replacement"),
    "weighted-replacement": lambda: recorded("weighted-replacement"),
}
ZIPF = [("zipf", capacity) for capacity in (1_000, 10_000, 100_000, 500_000)]
ALL = [
    ("its first tenth", 10_000),
    ("uniform", 25_000),
    ("shuffled", 25_000),
    ("random-replacement", 5_000),
    ("weighted-replacement", 5_000),
]

# sha256 of the hits, eight a byte, its first 16 digits: a row a policy, at its defaults and seed 0, a column a case of
# ZIPF or ALL. A change of one of these is a change of results: only where hits were wrong.
ON_ZIPF = """
fifo        c68878398c9911e7 1f9d9cbf46b02c18 3e58323b0dd4f58d 47dc959c2f82fff2
lfu         8762e65d569bc89b 81434a470682a130 650b01d698ce9535 91752d3743d39100
lru         da93a6069746b58f 4eeefea62f2fb634 95ff5b1c62637b4b 5138ad7f08e2f922
opt         98dffecb724a6589 947a501d54f315e1 b0989e7feaf488f5 47fc64ca14216d2c
opt(bypass) 1dc322320de33e21 3d87ed9562cc24f3 80be0e6e1c66e0cd 47fc64ca14216d2c
pin         dab378ba8aa6fc4b 0f6fb1a463f061bc 297af3bc45ea9268 ee7ea4d6e3d73405
rr          0f57e9b53cde2915 d9dad889ed7a0789 77739ffaf585d460 72649f024a559748
"""
ON_ALL = """
arc         d54da1e1292224fa d8efd2e9a81007bc 0a378924dad15d6e 5324677a06868256 6606a42c646b3d3b
clock       9ea4f2d3f0a67079 df9ad799adbc7473 a4360b719beb1db1 c9daa43fb49b8a12 d282cec4f4e9f9b9
fifo        acc1cb14621a2123 66ee9276ffedec9a 2e995aeb3925ced9 6b87fece9fe52bb9 7efa12dcecbead5c
gdsf        44a43c281fe94354 b1534bc32882c35e 9660bb6d9363b483 8d5911eef4ada791 02f95117d2ebb011
lfu         5e865fd6ece01669 02d401b7b50ccc9a 4341387be4b96864 c36482a684163bb5 41a10576b4fc09f0
lirs        cad2c5d8fbf22c92 bf3691bec0c07b7c c9c6159dcec9ca66 142e751bf2f5e420 f3beb1d14c946962
lru         03712d0628957769 867ebb2e66277344 a4360b719beb1db1 5fe471797ec19ead 093366cef8e65340
lruk        5e865fd6ece01669 02d401b7b50ccc9a 4341387be4b96864 c36482a684163bb5 41a10576b4fc09f0
mru         e3fb4c59d3fc0526 e9a53955f370ce3a ed4ec69f87834c60 c6d5a2f93f3f8082 e7426358234ae30a
opt         3a8f519ae74ad83f 50c3894012e90751 e5af14d312631b64 faa074f35c6f1b5e 6c15af300df25c73
pin         7adb65e4acb876b2 225da0863c2a666a 22a406fe071759fa 661deaf7e9a41edf 1e32f3de042c8f95
qlru        bd4256bf0356d0f4 f501a089eea4527a a0f2829ec5cdb721 c115d47396ea0795 bda9155eaf4f0a25
rr          908ff9e6ef9a63f2 560f228e58e80ecd 4ec45c6b0cebab1f 9cd20920d0915796 c0b00ec615ebdcbb
s3fifo      9404df415c682e16 235e52dd7b9ce69d 30c5bf3704f4ca7a c89e62278180545d f6a1497e57cd0d58
sieve       5e865fd6ece01669 02d401b7b50ccc9a 4341387be4b96864 a564a23c7f612ab6 41a10576b4fc09f0
slru        acc994fb690c9db0 6bb77dfa9817e24e 6c955d5501e62866 088e585b075624ab 1ceb6a03f462284e
static      571af502f81d0f83 7adb23210c8cf223 22a406fe071759fa 44bd2290520059be 16866f04b947f0e3
twoq        9c86b600313aece9 87f5e1913c082f83 8fa53fa5e817c668 93b09dcddc4a08ae 3f1416af58e3b4d6
wtinylfu    82e844737ae59983 7a801adf7c7d6d61 4214a303dc42e385 dc241f5d6e9c992a 15fdf327956da6cd
opt(bypass) cddc7dda6d8db771 47ec9799697cded9 a9fbc4b6750b5f5e 61c1c8eaca63e2e2 6c15af300df25c73
"""


@cache
def made(trace):
    return TRACES[trace]()


def recorded(name):
    return Trace.load(Path(__file__).parents[1] / "traces" / f"{name}.npz")


def rows(table):
    return {policy: digests for policy, *digests in map(str.split, table.strip().splitlines())}


GOLDEN = [
    pytest.param(policy, trace, capacity, digest, id=f"{policy}-{trace}-{capacity}")
    for table, cases in ((ON_ZIPF, ZIPF), (ON_ALL, ALL))
    for policy, digests in rows(table).items()
    for (trace, capacity), digest in zip(cases, digests, strict=True)
]


def test_every_policy_has_digests():
    assert set(rows(ON_ALL)) == {*policies.names(), "opt(bypass)"}
    assert set(rows(ON_ZIPF)) == {"fifo", "lfu", "lru", "opt", "opt(bypass)", "pin", "rr"}


@pytest.mark.parametrize(("policy", "trace", "capacity", "digest"), GOLDEN)
def test_bits_of_hits(policy, trace, capacity, digest):
    chosen = ("opt", {"bypass": True}) if policy == "opt(bypass)" else policy
    hits = simulate(made(trace), chosen, capacity)
    assert sha256(np.packbits(hits).tobytes()).hexdigest()[:16] == digest
