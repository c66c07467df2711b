"""The style sheet of the page, light and dark."""

STYLE = """
:root { --bg: #fff; --fg: #1f2328; --muted: #59636e; --grid: #e3e7eb; --card: #f6f8fa;
  --usage: #0969da; --working-set: #0b7a6f; --stress: #bc4c00; --limit: #cf222e;
  --good: #1a7f37; --fair: #8a5d00; --bad: #cf222e; --open: #59636e;
  --kill: #cf222e; --probe: #8a5d00; --ended: #1f2328; --restart: #8250df; --gone: #1f2328; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #0d1117; --fg: #e6edf3; --muted: #9198a1; --grid: #262c36; --card: #151b23;
    --usage: #4c9dff; --working-set: #2fc7b0; --stress: #f0883e; --limit: #ff6a62;
    --good: #3fb950; --fair: #d8a029; --bad: #ff6a62; --open: #9198a1;
    --kill: #ff6a62; --probe: #d8a029; --ended: #e6edf3; --restart: #b48cff; --gone: #e6edf3; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 20px 40px; max-width: 1080px; background: var(--bg);
  color: var(--fg); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { margin: 4px 0 8px; font-size: 24px; display: flex; flex-wrap: wrap; gap: 10px; }
h2 { margin: 28px 0 8px; font-size: 16px; }
p { margin: 0 0 8px; max-width: 76ch; }
.where, footer { color: var(--muted); overflow-wrap: anywhere; }
.sentence { font-size: 17px; overflow-wrap: anywhere; }
.badge { padding: 2px 12px; border: 1.5px solid currentColor; border-radius: 8px; }
.badge + .badge { font-size: 15px; font-weight: 500; align-self: center; }
.good { color: var(--good); } .fair { color: var(--fair); }
.bad { color: var(--bad); } .open { color: var(--open); }
figure { margin: 20px 0 0; padding: 14px 14px 8px; background: var(--card);
  border-radius: 10px; overflow-x: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0 0 6px; padding: 0;
  list-style: none; font-size: 13px; color: var(--muted); }
.legend i { display: inline-block; width: 22px; margin-right: 7px; vertical-align: middle;
  border-top: 3px solid; }
.legend .usage { color: var(--usage); }
.legend .working-set { color: var(--working-set); border-top-style: dotted; }
.legend .stress { color: var(--stress); height: 10px;
  background: color-mix(in srgb, var(--stress) 20%, transparent); }
.legend .limit { color: var(--limit); border-top-style: dashed; }
svg { display: block; width: 100%; min-width: 720px; height: auto; font-size: 12px; }
svg text { fill: var(--fg); }
svg .tick { fill: var(--muted); }
.end { text-anchor: end; } .mid { text-anchor: middle; }
.halo { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.grid { stroke: var(--grid); fill: none; }
.hatch { stroke: var(--grid); stroke-width: 1.5; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.usage { stroke: var(--usage); }
.working-set { stroke: var(--working-set); stroke-dasharray: 1 4; stroke-linecap: round; }
.stress { stroke: var(--stress); stroke-width: 1.2; }
.stress-area { fill: var(--stress); opacity: .16; }
.limit { stroke: var(--limit); stroke-dasharray: 7 4; }
svg .limit-word { fill: var(--limit); font-weight: 600; }
.span { fill: var(--muted); opacity: .22; }
.span.hold { fill: var(--stress); } .span.ramp { fill: var(--stress); opacity: .12; }
.span.ready { fill: var(--good); opacity: .3; } .span.not-ready { fill: var(--bad); opacity: .45; }
.span-word { font-size: 11px; pointer-events: none; }
.mark .shape { fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round;
  stroke-linejoin: round; }
.mark .guide { fill: none; stroke: currentColor; stroke-dasharray: 2 3; opacity: .75; }
.mark .count { font-size: 10px; font-weight: 600; fill: currentColor; }
.mark.kill { color: var(--kill); } .mark.probe { color: var(--probe); }
.mark.end { color: var(--ended); text-anchor: start; }
.mark.restart { color: var(--restart); } .mark.gone { color: var(--gone); }
.mark.kill .shape { stroke-width: 3; }
.touch { fill: transparent; }
.slice path, .slice text { visibility: hidden; pointer-events: none; white-space: pre; }
.slice:hover path, .slice:hover text { visibility: visible; }
.cross { stroke: var(--fg); opacity: .5; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--muted); }
th, td { padding: 4px 22px 4px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
td:not(:last-child) { white-space: nowrap; }
td:last-child { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 10px 24px;
  margin: 0; }
dt { color: var(--muted); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 32px; font-size: 13px; }
@media print { body { max-width: none; } section { break-inside: avoid; } }
"""
