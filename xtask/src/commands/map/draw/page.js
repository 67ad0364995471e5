"use strict";
// Searches and walks over the regions; everything it knows stands in the attributes of the picture's elements.
(() => {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const field = document.getElementById("search");
  const found = document.getElementById("found");
  const told = document.getElementById("told");
  const pictures = [...document.querySelectorAll("figure svg")];

  // Addresses have 64 bits, so they are never plain numbers here.
  const bounds = (element) => [BigInt(element.dataset.start), BigInt(element.dataset.end)];
  const holds = (element, address) => {
    const [start, end] = bounds(element);
    return start <= address && address < end;
  };
  const order = (a, b) => {
    const [x, y] = [pictures.indexOf(a.closest("svg")), pictures.indexOf(b.closest("svg"))];
    if (x !== y) return x - y;
    const [[s, e], [t, f]] = [bounds(a), bounds(b)];
    return s < t ? -1 : s > t ? 1 : e > f ? -1 : e < f ? 1 : a.dataset.track - b.dataset.track;
  };
  const regions = [...document.querySelectorAll(".region")].sort(order);
  const words = new Map();
  let chosen = null;
  let matches = [];

  for (const region of regions) {
    const title = region.querySelector("title");
    words.set(region, title.textContent);
    // The panel shows it; a second tooltip would cover what is looked at.
    region.setAttribute("aria-label", title.textContent);
    region.setAttribute("role", "img");
    region.setAttribute("tabindex", "-1");
    title.remove();
    region.addEventListener("mouseenter", () => choose(region));
    region.addEventListener("focus", () => choose(region));
  }
  if (regions.length > 0) regions[0].setAttribute("tabindex", "0");

  function tell(text) {
    told.textContent = text;
    told.hidden = text === "";
  }

  function choose(region) {
    if (chosen === region) return;
    if (chosen) {
      chosen.classList.remove("chosen");
      chosen.setAttribute("tabindex", "-1");
    }
    chosen = region;
    if (!region) return tell("");
    region.classList.add("chosen");
    region.setAttribute("tabindex", "0");
    tell(words.get(region));
  }

  function show(region) {
    choose(region);
    const block = region.querySelector(".tint") || region;
    block.scrollIntoView({ block: "center" });
  }

  // "0x…", digits with ` or _ between them, six or more hexadecimal digits, or an amount like 4 GiB.
  function address(text) {
    const amount = /^(\d+)\s*([kmgtp])(i?b)?$/i.exec(text);
    if (amount) {
      const shift = 10n * BigInt("kmgtp".indexOf(amount[2].toLowerCase()) + 1);
      return BigInt(amount[1]) << shift;
    }
    const plain = text.replace(/[`_]/g, "");
    const marked = /^0x[0-9a-f]{1,16}$/i.test(plain);
    const grouped = plain !== text && /^[0-9a-f]{9,16}$/i.test(plain);
    const bare = /^[0-9a-f]{6,16}$/i.test(plain);
    if (marked) return BigInt(plain);
    return grouped || bare ? BigInt("0x" + plain) : null;
  }

  function draw(svg, kind, attributes, name) {
    const shape = document.createElementNS(NAMESPACE, kind);
    shape.setAttribute("class", name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }

  // How far into a span an address lies, from 0 to 1.
  function part(element, at) {
    const [start, end] = bounds(element);
    return Number(((at - start) * 1000000n) / (end - start)) / 1000000;
  }

  function mark(svg, at) {
    for (const bar of svg.querySelectorAll(".bar")) {
      if (!holds(bar, at)) continue;
      const [x, width] = [Number(bar.getAttribute("x")), Number(bar.getAttribute("width"))];
      const y = Number(bar.getAttribute("y")) + part(bar, at) * Number(bar.getAttribute("height"));
      draw(svg, "path", { d: `M${x - 5},${y}H${x + width + 5}` }, "marker");
      draw(svg, "path", { d: `M${x - 5},${y}l-7,-4v8z` }, "pin");
    }
    for (const row of svg.querySelectorAll(".row")) {
      if (!holds(row, at)) continue;
      const y = Number(row.dataset.y) + part(row, at) * Number(row.dataset.height);
      const right = svg.viewBox.baseVal.width - 8;
      const text = row.querySelector("text");
      const left = Number(text.getAttribute("x")) + 6;
      draw(svg, "path", { d: `M${left},${y}H${right}` }, "marker");
    }
  }

  function clear() {
    for (const shape of document.querySelectorAll(".marker, .pin")) shape.remove();
    for (const region of matches) region.classList.remove("matches");
    document.body.classList.remove("searching");
    matches = [];
    found.textContent = "";
  }

  function search() {
    clear();
    const text = field.value.trim();
    history.replaceState(null, "", text ? "#" + encodeURIComponent(text) : location.pathname + location.search);
    if (text === "") return choose(null);
    const at = address(text);
    const wanted = text.toLowerCase();
    matches = regions.filter((region) =>
      at === null ? region.dataset.name.toLowerCase().includes(wanted) : holds(region, at));
    for (const region of matches) region.classList.add("matches");
    if (matches.length > 0) document.body.classList.add("searching");
    if (at === null) {
      found.textContent = matches.length === 0 ? "nothing of that name" : `${matches.length} found`;
    } else {
      const within = pictures.filter((svg) => [...svg.querySelectorAll(".bar")].some((bar) => holds(bar, at)));
      for (const svg of within) mark(svg, at);
      const hex = "0x" + at.toString(16);
      const inside = matches.map((region) =>
        `${region.dataset.kind}: ${region.dataset.name} + 0x${(at - bounds(region)[0]).toString(16)}`);
      if (within.length === 0) found.textContent = `${hex} is in none of these spaces`;
      else found.textContent = matches.length === 0 ? `nothing lies at ${hex}` : `${hex} found`;
      if (matches.length > 0) {
        show(matches[0]);
        tell([hex, ...inside].join("\n"));
      }
      return;
    }
    if (matches.length > 0) show(matches[0]);
    else choose(null);
  }

  function step(list, by) {
    if (list.length === 0) return;
    const now = list.indexOf(chosen);
    const next = now < 0 ? (by > 0 ? 0 : list.length - 1) : (now + by + list.length) % list.length;
    show(list[next]);
    if (list === matches) found.textContent = `${next + 1} of ${list.length}`;
  }

  field.addEventListener("input", search);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const searching = document.activeElement === field;
    if (event.key === "/" && !searching) field.focus();
    else if (event.key === "Escape") { field.value = ""; search(); field.blur(); }
    else if (event.key === "Enter" && searching) step(matches, event.shiftKey ? -1 : 1);
    else if (event.key === "ArrowDown") step(regions, 1);
    else if (event.key === "ArrowUp") step(regions, -1);
    else return;
    event.preventDefault();
  });
  if (location.hash.length > 1) {
    try {
      field.value = decodeURIComponent(location.hash.slice(1));
      search();
    } catch {
      // Somebody else's fragment.
    }
  }
})();
