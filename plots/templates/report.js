"use strict";
const body = document.querySelector("#cases tbody");
const filter = document.querySelector("#filter");
const boxes = [...document.querySelectorAll("input[name=verdict]")];

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  let count = 0;
  for (const row of body.rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !verdicts.has(row.dataset.verdict) || !words.every((word) => text.includes(word));
    count += !row.hidden;
  }
  document.querySelector("#shown").textContent = `${count} of ${body.rows.length}`;
}

function value(row, column) {
  const cell = row.cells[column];
  return cell.dataset.sort === undefined ? cell.textContent : Number(cell.dataset.sort);
}

function sort(header, column) {
  const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of header.parentElement.cells) other.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const known = (one) => typeof one === "number" || one !== "–";
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a, column), value(b, column)];
    if (known(x) !== known(y)) return known(x) ? -1 : 1; // what is not known comes last either way
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * String(x).localeCompare(String(y));
  });
  body.append(...rows);
}

function open() {
  const found = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (found instanceof HTMLDetailsElement) {
    found.open = true;
    found.querySelector("summary").focus();
  }
}

[...document.querySelectorAll("#cases th")].forEach((header, column) =>
  header.querySelector("button").addEventListener("click", () => sort(header, column)),
);
filter.addEventListener("input", show);
boxes.forEach((box) => box.addEventListener("change", show));
document.querySelector("#filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", open);
show();
open();
