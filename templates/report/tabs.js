"use strict";
// Parts of a page of which one is shown at a time. Without this script, and on paper, all are.
(() => {
  let made = 0;
  const makeTabs = (group) => {
    const panels = [...group.querySelectorAll(":scope > .tab")];
    const list = document.createElement("div");
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", group.dataset.tabs);
    const number = (made += 1);
    const tabs = panels.map((panel, at) => {
      const tab = document.createElement("button");
      tab.type = "button";
      tab.textContent = panel.querySelector("h4").textContent;
      tab.id = `tab-${number}-${at}`;
      panel.id = `tabpanel-${number}-${at}`;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      list.append(tab);
      return tab;
    });
    const show = (chosen) => tabs.forEach((tab, at) => {
      tab.setAttribute("aria-selected", at === chosen);
      tab.tabIndex = at === chosen ? 0 : -1;
      panels[at].classList.toggle("away", at !== chosen);
    });
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    list.addEventListener("keydown", (event) => {
      const now = tabs.indexOf(document.activeElement);
      const next = { Home: 0, End: tabs.length - 1 }[event.key] ?? (event.key in steps ? (now + steps[event.key] + tabs.length) % tabs.length : -1);
      if (now < 0 || next < 0) return;
      event.preventDefault();
      show(next);
      tabs[next].focus();
    });
    tabs.forEach((tab, at) => tab.addEventListener("click", () => show(at)));
    group.classList.add("live");
    group.prepend(list);
    show(0);
  };
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-tabs]").forEach(makeTabs));
})();
