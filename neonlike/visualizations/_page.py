"""The frame of a report: style sheet and page, without anything loaded from elsewhere."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #f3f5f8; --card: #ffffff; --ink: #1b2230;
  --muted: #5b6473; --line: #e3e7ed; --accent: #2a6fdb; --soft: #e9f0fc; }
@media (prefers-color-scheme: dark) { :root { --page: #11141a; --card: #1a1e26;
  --ink: #e8ebf0; --muted: #9aa4b4; --line: #303642; --accent: #6aa5ff; --soft: #22304a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 1.2rem; margin: 40px 0 4px; }
p { margin: 6px 0 12px; max-width: 76ch; }
header p, .intro, figcaption, footer { color: var(--muted); }
.note { border-left: 4px solid var(--accent); background: var(--soft); padding: 10px 16px;
  border-radius: 0 8px 8px 0; margin: 16px 0; max-width: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
  margin: 22px 0 8px; padding: 0; }
.tiles > div, figure, .sheet { background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; }
.tiles > div { padding: 14px 16px; }
.tiles dt { color: var(--muted); font-size: .82rem; }
.tiles dd { margin: 0; }
.tiles .value { font-size: 1.6rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles .small { color: var(--muted); font-size: .8rem; }
.plots { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
figure { margin: 0; padding: 14px; }
figure.wide { grid-column: 1 / -1; }
figure img { display: block; width: 100%; height: auto; max-width: 960px; margin: 0 auto; }
figcaption { font-size: .86rem; margin-top: 8px; }
.sheet { padding: 6px 14px; overflow-x: auto; margin: 8px 0 16px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--muted); padding: 6px 8px; }
th, td { padding: 6px 10px; text-align: left; border-top: 1px solid var(--line);
  font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th { border-top: 0; color: var(--muted); font-weight: 600; }
td.number, th.number { text-align: right; }
td.bar { min-width: 120px; }
td.bar span { display: inline-block; height: .62em; min-width: 2px; border-radius: 3px;
  background: var(--accent); vertical-align: middle; }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--accent); font-weight: 600; }
code { background: var(--soft); padding: 1px 5px; border-radius: 4px; }
footer { padding-top: 12px; padding-bottom: 40px; font-size: .85rem; }
@media (max-width: 760px) { .plots { grid-template-columns: minmax(0, 1fr); }
  h1 { font-size: 1.5rem; } }
@media print { body { background: #fff; } figure, .sheet { break-inside: avoid; } }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{subtitle}</p>
</header>
<main>
{body}
</main>
<footer>{footer}</footer>
</body>
</html>
"""
