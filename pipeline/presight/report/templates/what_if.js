// Adds a switch to every fact and shows the probabilities of the facts left on, weighed as in
// score/classify.py: class by class, a group counts for no more than its strongest fact. Without
// this script the page is whole.
(() => {
  "use strict";
  const table = document.querySelector("[data-what-if]");
  if (!table) return;
  const { labels, prior, groups } = JSON.parse(table.dataset.whatIf);
  const switches = [...table.querySelectorAll("[data-fact]")];
  const sum = numbers => numbers.reduce((a, b) => a + b, 0);

  const said = ({ read_from, grades, present, absent }, label, off) => {
    const grade = grades[sum(read_from.map((name, bit) => off.has(name) << bit))];
    return grade === null ? 0 : grade * present[label] + (1 - grade) * absent[label];
  };
  const weighed = (group, label, off) => {
    const parts = group.map(fact => said(fact, label, off));
    const strongest = Math.max(...parts.map(Math.abs));
    return Math.min(strongest, Math.max(-strongest, sum(parts)));
  };
  const probabilities = off => {
    const odds = labels.map(
      label => prior[label] * Math.exp(sum(groups.map(group => weighed(group, label, off)))));
    return odds.map(each => each / sum(odds));
  };
  const percent = share => {
    const whole = Math.round(share * 100);
    const limit = whole === 0 && share > 0 ? "<1" : whole === 100 && share < 1 ? ">99" : whole;
    return `${limit}\u00a0%`;
  };

  const show = () => {
    const off = new Set(switches.filter(each => !each.checked).map(each => each.dataset.fact));
    document.body.classList.toggle("trying", off.size > 0);
    probabilities(off).forEach((share, i) => {
      for (const place of document.querySelectorAll(`[data-tried="${labels[i]}"]`)) {
        place.textContent = percent(share);
        place.closest("tr").style.setProperty("--tried", `${share * 100}%`);
      }
    });
  };
  for (const each of document.querySelectorAll(".scripted")) each.hidden = false;
  table.addEventListener("change", show);
  document.querySelector("#count-all").addEventListener("click", () => {
    for (const each of switches) each.checked = true;
    show();
  });
  show();
})();
