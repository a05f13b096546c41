"use strict";
// The picture of a network: details beside it, a field that seeks ops, and its size.
(() => {
  const element = (tag, attributes, text) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text) made.textContent = text;
    return made;
  };

  const choose = (graph, target, move) => {
    graph.classList.add("chosen");
    graph.querySelectorAll(".op.shown, a.chosen").forEach((each) => each.classList.remove("shown", "chosen"));
    target.classList.add("shown");
    graph.querySelector(`.network a[href='#${target.id}']`)?.classList.add("chosen");
    const panel = graph.querySelector(".graph-panel");
    panel.scrollTop = 0;
    if (move) target.focus({ preventScroll: getComputedStyle(panel).position === "sticky" });
  };

  const makeChoosable = (graph) => graph.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!target || !graph.contains(target)) return;
    if (target.tagName === "DETAILS") { target.open = true; return; }
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
    choose(graph, target, true);
  });

  const makeSearchable = (graph, tools) => {
    const field = element("input", { type: "search", class: "filter", placeholder: "Find an op, a layer, a kernel", "aria-label": "Find ops in the graph" });
    const count = element("span", { class: "found-count", role: "status" });
    const ops = [...graph.querySelectorAll(".op, .op-line")];
    const texts = ops.map((op) => op.textContent.toLowerCase());
    const boxes = ops.map((op) => graph.querySelector(`.network a[href='#${op.id}']`));
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      const hits = texts.map((text) => words.every((word) => text.includes(word)));
      boxes.forEach((box, at) => {
        box?.classList.toggle("dim", words.length > 0 && !hits[at]);
        box?.classList.toggle("found", words.length > 0 && hits[at]);
      });
      ops.forEach((op, at) => { if (op.tagName === "DETAILS") op.hidden = !hits[at]; });
      const found = hits.filter(Boolean).length;
      count.textContent = words.length ? `${found} of ${ops.length} ops` : "";
      const first = boxes[hits.indexOf(true)];
      if (words.length && first) first.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
    field.addEventListener("keydown", (event) => {
      const first = boxes.find((box) => box?.classList.contains("found"));
      if (event.key === "Enter" && first) choose(graph, ops[boxes.indexOf(first)], false);
    });
    tools.append(field, count);
  };

  const makeSizable = (graph, tools) => {
    const picture = graph.querySelector("svg.network");
    if (!picture) return;
    const [width, height] = ["width", "height"].map((name) => parseFloat(picture.getAttribute(name)));
    let zoom = 1;
    const size = (factor) => {
      graph.classList.remove("fit");
      zoom = Math.min(Math.max(factor, 0.2), 3);
      picture.setAttribute("width", width * zoom);
      picture.setAttribute("height", height * zoom);
    };
    const actions = [
      ["−", "Smaller", () => size(zoom / 1.25)],
      ["+", "Larger", () => size(zoom * 1.25)],
      ["1 : 1", "Natural size", () => size(1)],
      ["Fit width", "", () => { size(1); graph.classList.add("fit"); }],
    ];
    const view = picture.parentElement;
    const part = (view.clientWidth - 32) / width; // of the picture's width that there is room for
    if (part < 1 && part > 0.65) graph.classList.add("fit");
    const first = picture.querySelector("rect").getBoundingClientRect();
    view.scrollLeft = first.left + first.width / 2 - view.getBoundingClientRect().left - view.clientWidth / 2;
    for (const [text, label, action] of actions) {
      const made = element("button", label ? { type: "button", class: "plain", "aria-label": label } : { type: "button", class: "plain" }, text);
      made.addEventListener("click", action);
      tools.append(made);
    }
  };

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-graph]").forEach((graph) => {
    const tools = graph.querySelector(".graph-tools");
    makeSearchable(graph, tools);
    makeSizable(graph, tools);
    makeChoosable(graph);
    addEventListener("hashchange", () => {
      const target = document.getElementById(location.hash.slice(1));
      if (!target || !graph.contains(target)) return;
      if (target.tagName === "DETAILS") target.open = true;
      else choose(graph, target, true);
      graph.querySelector("a.chosen")?.scrollIntoView({ block: "center" });
    });
    const named = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const target = named && graph.contains(named) ? named : document.getElementById(graph.dataset.first);
    if (target?.tagName === "DETAILS") target.open = true;
    else if (target) choose(graph, target, false);
  }));
})();
