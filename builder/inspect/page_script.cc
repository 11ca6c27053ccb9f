// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/page.h"

namespace kata::inspect {

// Boxes are [name, size] or [name, size, files, children], the largest child first. Rows of boxes
// are laid along the shorter side as long as that makes them squarer.
const char* const kPageScript = R"js("use strict";
(() => {
const root = JSON.parse(document.getElementById("data").textContent);
const map = document.getElementById("map");
const trail = document.getElementById("trail");
const inside = document.getElementById("inside-table");
let path = [root];

const isFolder = box => box.length > 2;
const sizeText = n => n < 1e4 ? n + " bytes" : n < 1e6 ? (n / 1e3).toFixed(1) + " kB" :
  n < 1e9 ? (n / 1e6).toFixed(1) + " MB" : (n / 1e9).toFixed(2) + " GB";
const make = (tag, text, parent) => {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
};

function squarify(boxes, x, y, width, height) {
  const places = [];
  let rest = boxes.reduce((sum, box) => sum + box[1], 0);
  let from = 0;
  const worst = (row, sum, side, scale) => {
    const depth = sum * scale / side;
    return row.reduce((most, box) => {
      const length = box[1] * scale / depth;
      return Math.max(most, depth / length, length / depth);
    }, 0);
  };
  while (from < boxes.length && rest > 0 && width > 0 && height > 0) {
    const side = Math.min(width, height);
    const scale = width * height / rest;
    let row = [], sum = 0, best = Infinity;
    for (let i = from; i < boxes.length && boxes[i][1] > 0; ++i) {
      const next = worst([...row, boxes[i]], sum + boxes[i][1], side, scale);
      if (next > best) break;
      best = next;
      row.push(boxes[i]);
      sum += boxes[i][1];
    }
    if (row.length === 0) break;
    const depth = sum * scale / side;
    let along = 0;
    for (const box of row) {
      const length = box[1] * scale / depth;
      places.push(width >= height ? {box, x, y: y + along, width: depth, height: length}
                                  : {box, x: x + along, y, width: length, height: depth});
      along += length;
    }
    if (width >= height) { x += depth; width -= depth; } else { y += depth; height -= depth; }
    from += row.length;
    rest -= sum;
  }
  return places;
}

function place(element, at) {
  element.style.left = at.x + "px";
  element.style.top = at.y + "px";
  element.style.width = at.width + "px";
  element.style.height = at.height + "px";
}

function hueOf(name) {
  let hash = 7;
  for (const c of name) hash = (hash * 31 + c.codePointAt(0)) % 997;
  return hash * 137 % 360;
}

function drawMap(focus) {
  const here = path[path.length - 1];
  map.replaceChildren();
  for (const at of squarify(here[3] || [], 0, 0, map.clientWidth, map.clientHeight)) {
    const [name, size] = at.box;
    const text = name + (isFolder(at.box) ? "/" : "");
    const element = make(isFolder(at.box) ? "button" : "div", "", map);
    element.className = "box";
    element.tabIndex = 0;
    element.style.setProperty("--hue", hueOf(path.length > 1 ? path[1][0] + name : name));
    place(element, at);
    const share = (100 * size / root[1]).toFixed(1) + " % of the image";
    element.title = text + "\n" + sizeText(size) + ", " + share;
    element.setAttribute("aria-label", text + ", " + sizeText(size) + ", " + share);
    if (!isFolder(at.box)) element.setAttribute("role", "img");
    if (isFolder(at.box)) {
      element.addEventListener("click", () => show([...path, at.box]));
      if (at.width > 50 && at.height > 50) {
        for (const part of squarify(at.box[3], 3, 20, at.width - 8, at.height - 25)) {
          const inner = make("span", part.width > 40 && part.height > 14 ? part.box[0] : "", element);
          inner.className = "box inner";
          place(inner, part);
        }
      }
    }
    if (at.width > 30 && at.height > 16) {
      const label = make("span", text + "  " + sizeText(size), element);
      label.className = "label";
    }
  }
  if (focus) (map.firstElementChild || trail.lastElementChild).focus();
}

function drawTrail() {
  trail.replaceChildren();
  path.forEach((box, i) => {
    const last = i === path.length - 1;
    const button = make("button", i === 0 ? "/" : box[0] + "/", trail);
    if (last) button.setAttribute("aria-current", "location");
    else button.addEventListener("click", () => show(path.slice(0, i + 1)));
  });
  const here = path[path.length - 1];
  make("span", sizeText(here[1]) + " in " + (here[2] || 0) + " files", trail);
}

function drawInside() {
  const body = inside.tBodies[0];
  body.replaceChildren();
  const here = path[path.length - 1];
  for (const box of here[3] || []) {
    const row = make("tr", "", body);
    make("td", box[0] + (isFolder(box) ? "/" : ""), row);
    const cells = [[sizeText(box[1]), box[1]], [(100 * box[1] / (here[1] || 1)).toFixed(1)],
                   [isFolder(box) ? box[2] : 1]];
    for (const [text, value] of cells) {
      const cell = make("td", text, row);
      cell.className = "number";
      if (value !== undefined) cell.dataset.value = value;
    }
  }
}

function show(next) {
  path = next;
  drawTrail();
  drawInside();
  drawMap(true);
}

function nearest(from, key) {
  const at = from.getBoundingClientRect();
  let best = null, least = Infinity;
  for (const other of map.children) {
    const to = other.getBoundingClientRect();
    const dx = (to.left + to.right - at.left - at.right) / 2;
    const dy = (to.top + to.bottom - at.top - at.bottom) / 2;
    const [ahead, aside] = {ArrowRight: [dx, dy], ArrowLeft: [-dx, dy], ArrowDown: [dy, dx], ArrowUp: [-dy, dx]}[key];
    if (other === from || ahead <= 1) continue;
    const distance = ahead + 2 * Math.abs(aside);
    if (distance < least) { least = distance; best = other; }
  }
  return best;
}

map.addEventListener("keydown", event => {
  if (event.key.startsWith("Arrow")) {
    const box = nearest(event.target, event.key);
    if (box) box.focus();
    event.preventDefault();
  } else if ((event.key === "Backspace" || event.key === "Escape") && path.length > 1) {
    show(path.slice(0, -1));
    event.preventDefault();
  }
});

function makeSortable(table) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = head.dataset.kind === "number";
      const up = head.getAttribute("aria-sort") === (numeric ? "descending" : null) ||
                 (!numeric && head.getAttribute("aria-sort") !== "ascending");
      const valueOf = row => {
        const cell = row.cells[column];
        return numeric ? Number(cell.dataset.value || cell.textContent) : cell.textContent;
      };
      const order = (a, b) => numeric ? a - b : a < b ? -1 : a > b ? 1 : 0;
      const rows = Array.from(table.tBodies[0].rows);
      rows.sort((a, b) => order(valueOf(a), valueOf(b)) * (up ? 1 : -1));
      table.tBodies[0].append(...rows);
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
    });
  });
}

document.getElementById("hint").hidden = false;
document.getElementById("inside").hidden = false;
document.querySelectorAll("table.sortable").forEach(makeSortable);
makeSortable(inside);
drawTrail();
drawInside();
drawMap(false);
new ResizeObserver(() => drawMap(false)).observe(map);
})();
)js";

}  // namespace kata::inspect
