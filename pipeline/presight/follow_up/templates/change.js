// Shows one slice at a time and slides the scan before over the one after. Without this script
// every slice is shown.
(() => {
  "use strict";
  const triples = [...document.querySelectorAll(".triple")];
  if (!triples.length) return;
  const slice = document.querySelector("#slice");
  const wipe = document.querySelector("#wipe");
  const show = () => {
    const current = triples[Number(slice.value)];
    for (const each of triples) each.classList.toggle("current", each === current);
    document.querySelector("#place").textContent =
      `${current.dataset.number} of ${current.dataset.count} from the feet`;
  };
  const most = Math.max(...triples.map(each => Number(each.dataset.changed)));
  slice.value = String(triples.findIndex(each => Number(each.dataset.changed) === most));
  for (const each of document.querySelectorAll(".scripted")) each.hidden = false;
  document.body.classList.add("stepping");
  slice.addEventListener("input", show);
  wipe.addEventListener("input", () =>
    document.body.style.setProperty("--wipe", `${wipe.value}%`));
  show();
})();
