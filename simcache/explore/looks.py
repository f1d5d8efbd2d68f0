"""How the page looks: two columns, one on a narrow screen; dark where the reader's system is."""

FILE = "simcache-explore"  # what downloads are called
PAGE = """
body { margin: 0 auto; max-width: 1400px; padding: 0 12px; }
@media (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --design-background-color: #16191d; --design-background-text-color: #e6e6e6;
    --design-surface-color: #23282e; --design-surface-text-color: #e6e6e6;
    --simcache-wrong: #ff9d9d; --simcache-line: #4a5058;
  }
  body { background: #16191d; color: #e6e6e6; }
  select.bk-input { appearance: auto !important; background-image: none !important; }
  .bk-spin-btn-up::before { border-bottom-color: #e6e6e6 !important; }
  .bk-spin-btn-down::before { border-top-color: #e6e6e6 !important; }
}
"""
GRID = """
:host {
  display: grid !important; gap: 0 28px; align-items: start;
  grid-template: "head head" auto "choices picture" auto "choices verdict" 1fr / 270px minmax(0, 1fr);
}
@media (max-width: 800px) {
  :host { grid-template: "head" auto "picture" auto "choices" auto "verdict" auto / minmax(0, 1fr); }
}
"""
CONTENT = """
:host { color: var(--background-text-color); }
h1 { font-size: 1.25rem; margin: .6rem 0 .2rem; }
h2 { font-size: 1.05rem; margin: .9rem 0 .1rem; }
p, li, figcaption, td, th, summary { font-size: .9rem; line-height: 1.4; }
p.wrong { color: var(--simcache-wrong, #a40000); font-weight: 600; margin: .3rem 0; }
p.busy { margin: .3rem 0; }
figure { margin: 0; }
img { width: 100%; min-width: 560px; max-width: 820px; background: white; }
table { border-collapse: collapse; margin: .4rem 0; }
th, td { padding: .15rem .6rem .15rem 0; text-align: right; border-bottom: 1px solid var(--simcache-line, #ddd); }
.reasons th:first-child, .reasons td:first-child { text-align: left; }
.reasons td:first-child { min-width: 8rem; }
.wide { overflow-x: auto; }
code { overflow-wrap: anywhere; }
summary { cursor: pointer; }
"""
CHECKS = """
.bk-input-group { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .2rem .4rem; }
.bk-input-group > * { margin: 0 !important; white-space: nowrap; }
"""


def area(name: str) -> str:
    """Where a part stands in the grid."""
    return f":host {{ grid-area: {name}; min-width: 0; }}"
