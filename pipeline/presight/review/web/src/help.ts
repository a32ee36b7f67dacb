// The keys, for who asks with "?".
import { button, h } from "./dom";

const KEYS: [string, [string, string][]][] = [
  ["Worklist", [
    ["↑ ↓ or j k", "one study"], ["Page Up, Page Down, Home, End", "farther"], ["Enter", "open"], ["/", "find an id"],
  ]],
  ["Images", [
    ["↑ ↓", "slices of the plane shown"], ["Page Up, Page Down", "five slices"], ["1 to 5", "three planes, axial, coronal, sagittal, 3-D"],
    ["o", "outline off and on"], ["[ ]", "lesion before, next lesion"], ["right button, dragged", "window and level"],
  ]],
  ["Outline", [
    ["v p i x", "look, pen, area, eraser"], ["f g, then Enter", "fill the slice, grow in 3-D"], ["+ −", "width of the pen"], ["Ctrl+Z", "undo"],
  ]],
  ["Decision", [
    ["a e r c s", "accept, save the edit, reject, comment, second opinion"], ["Ctrl+Enter", "save it"],
    ["n b", "next study, study before"], ["Esc", "back to the worklist"],
  ]],
];

export function showHelp(): void {
  const dialog = h("dialog", { class: "help", "aria-label": "Keys", onclose: () => dialog.remove() },
    h("h1", {}, "Keys"),
    h("div", { class: "columns" }, KEYS.map(([title, keys]) => h("section", {}, h("h2", {}, title),
      h("dl", {}, keys.flatMap(([key, what]) => [h("dt", {}, key), h("dd", {}, what)]))))),
    button("Close", () => dialog.close(), { autofocus: true }));
  document.body.append(dialog);
  dialog.showModal();
}

/** Whether a dialog is open, so that keys are its own. */
export function dialogOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}
