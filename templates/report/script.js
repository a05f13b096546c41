"use strict";
(() => {
  const root = document.documentElement;
  const remembered = () => { try { return localStorage.getItem("mcuforge-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("mcuforge-theme", theme); } catch { /* a file may not */ } };
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const chosen = remembered();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  const button = (text, label, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", () => action(made));
    return made;
  };

  const number = (text) => {
    const found = text.replace(/[,\s]/g, "").match(/^-?\d+(\.\d+)?(e[-+]?\d+)?/i);
    return found ? parseFloat(found[0]) : NaN;
  };

  const sortBy = (table, column) => {
    const heading = table.tHead.rows[0].cells[column];
    const up = heading.getAttribute("aria-sort") === "descending";
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows];
    const text = (row) => row.cells[column]?.textContent.trim() ?? "";
    rows.sort((a, b) => {
      const [x, y] = [number(text(a)), number(text(b))];
      const order = isNaN(x) || isNaN(y) ? text(a).localeCompare(text(b)) : x - y;
      return up ? order : -order;
    });
    table.tBodies[0].append(...rows);
  };

  const makeSortable = (table) => [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const text = cell.textContent;
    if (!text.trim()) return;
    cell.replaceChildren(button(text, "", () => sortBy(table, column)));
    cell.title = "Sort";
  });

  const makeFilterable = (table) => {
    const field = document.createElement("input");
    field.type = "search";
    field.className = "filter";
    field.placeholder = "Filter rows";
    field.setAttribute("aria-label", "Filter the rows of this table");
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      for (const row of table.tBodies[0].rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
    table.closest(".wide").before(field);
  };

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  };

  const makeCopyable = (code) => {
    const made = button("copy", "Copy this code", () => {
      select(code);
      const done = () => { made.textContent = "copied"; setTimeout(() => { made.textContent = "copy"; }, 1500); };
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, () => {});
      else if (document.execCommand("copy")) done();
    });
    made.className = "plain copy";
    code.before(made);
  };

  document.addEventListener("DOMContentLoaded", () => {
    const theme = button(dark() ? "Light" : "Dark", "Switch between light and dark", (made) => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember(root.dataset.theme);
      made.textContent = dark() ? "Light" : "Dark";
    });
    theme.className = "plain";
    theme.id = "theme";
    document.querySelector(".tools").append(theme);
    document.querySelectorAll("table.sortable").forEach(makeSortable);
    document.querySelectorAll("table.filterable").forEach(makeFilterable);
    document.querySelectorAll("pre.copyable > code").forEach(makeCopyable);
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
})();
