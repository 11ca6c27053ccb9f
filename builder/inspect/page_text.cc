// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/page.h"

namespace kata::inspect {

const char* const kPageText = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>{{title}}</title>
<style>
:root { color-scheme: light dark; --text: #1a1a1a; --back: #fff; --line: #d5d5d5; --soft: #f3f3f3; --link: #1f5fa8; --tint: 72%; --tint2: 82%; --depth: 55% }
@media (prefers-color-scheme: dark) {
  :root { --text: #ececec; --back: #161616; --line: #444; --soft: #242424; --link: #8bbcf2; --tint: 24%; --tint2: 33%; --depth: 38% }
}
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 1.5rem auto; padding: 0 1rem; color: var(--text); background: var(--back) }
h1 { font-size: 1.5rem; line-height: 1.2; overflow-wrap: anywhere }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
.number { text-align: right; white-space: nowrap }
.facts th { font-weight: 600; white-space: nowrap; width: 1% }
th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; white-space: nowrap }
th[aria-sort=ascending] button::after { content: " \25B2" }
th[aria-sort=descending] button::after { content: " \25BC" }
#trail { display: flex; flex-wrap: wrap; gap: .25rem; margin: .5rem 0; align-items: baseline }
#trail button { font: inherit; color: var(--link); background: none; border: 1px solid transparent; border-radius: .25rem; padding: 0 .3rem; cursor: pointer; overflow-wrap: anywhere; text-align: left }
#trail button[aria-current] { color: var(--text); font-weight: 600; cursor: default }
#map { position: relative; height: 32rem; max-height: 75vh; background: var(--soft); overflow: hidden }
#map p { padding: 1rem }
.box { position: absolute; overflow: hidden; border: 0; box-shadow: inset 0 0 0 1px var(--back); margin: 0; padding: 0; font: 13px/1.25 system-ui, sans-serif; text-align: left; color: var(--text); background: hsl(var(--hue) var(--depth) var(--tint)); white-space: nowrap }
button.box { cursor: pointer; display: block; align-content: start; border-radius: 0; appearance: none; vertical-align: top }
button.box .inner { background: hsl(var(--hue) var(--depth) var(--tint2)); font-size: 11px; text-indent: 4px; line-height: 15px; pointer-events: none }
.box:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: -3px; z-index: 2 }
.box .label { position: absolute; top: 2px; left: 4px; right: 2px; overflow: hidden; text-overflow: ellipsis; pointer-events: none }
footer { margin-top: 2rem; font-size: .85rem }
@media (max-width: 40rem) {
  th, td { padding: .25rem .3rem }
  .facts th, .facts td { display: block; width: auto; border: 0; padding: 0 }
  .facts td { margin-bottom: .5rem; border-bottom: 1px solid var(--line) }
  #map { height: 24rem }
  .wide { display: none }
}
</style>
</head>
<body>
<h1>{{title}}</h1>
<table class="facts"><tbody>
{{#facts}}<tr><th scope="row">{{name}}</th><td>{{value}}</td></tr>
{{/facts}}</tbody></table>
<h2 id="map-title">What takes the space</h2>
<nav id="trail" aria-label="Folder shown"></nav>
<div id="map" role="group" aria-labelledby="map-title"><p>The map needs scripts; the tables below do not.</p></div>
<p id="hint" hidden>Choose a folder to look into it; Backspace or Escape goes back up, arrow keys go from one box to the next.</p>
<div id="inside" hidden>
<h2 id="inside-title">In this folder</h2>
<table id="inside-table"><thead><tr><th>Name</th><th class="number" data-kind="number">Size</th><th class="number" data-kind="number">%</th><th class="number" data-kind="number">Files</th></tr></thead><tbody></tbody></table>
</div>
{{#folders}}<h2>By folder</h2>
<table class="sortable"><thead><tr><th>Folder</th><th class="number" data-kind="number">Size</th><th class="number" data-kind="number">%</th><th class="number" data-kind="number">Files</th></tr></thead>
<tbody>
{{#rows}}<tr><td>{{name}}</td><td class="number" data-value="{{bytes}}">{{size}}</td><td class="number">{{percent}}</td><td class="number">{{files}}</td></tr>
{{/rows}}</tbody></table>
{{/folders}}{{#packages}}<h2>Packages</h2>
<table class="sortable"><thead><tr><th>Package</th><th>Version</th><th class="wide">Licence</th><th class="number" data-kind="number">Size</th></tr></thead>
<tbody>
{{#rows}}<tr><td>{{name}}</td><td>{{version}}</td><td class="wide">{{license}}</td><td class="number" data-value="{{bytes}}">{{size}}</td></tr>
{{/rows}}</tbody></table>
{{/packages}}{{#largest}}<h2>Largest files</h2>
<table class="sortable"><thead><tr><th>File</th><th class="number" data-kind="number">Size</th><th class="number" data-kind="number">%</th></tr></thead>
<tbody>
{{#rows}}<tr><td>{{name}}</td><td class="number" data-value="{{bytes}}">{{size}}</td><td class="number">{{percent}}</td></tr>
{{/rows}}</tbody></table>
{{/largest}}{{#privileged}}<h2>Files with privileges</h2>
<table class="sortable"><thead><tr><th>File</th><th>What</th><th>Owner</th></tr></thead>
<tbody>
{{#rows}}<tr><td>{{name}}</td><td>{{what}}</td><td>{{owner}}</td></tr>
{{/rows}}</tbody></table>
{{/privileged}}<footer>By katabuild {{version}}, from the image itself.</footer>
<pre id="data" hidden>{{data}}</pre>
<script>
/*script*/
</script>
</body>
</html>
)html";

}  // namespace kata::inspect
