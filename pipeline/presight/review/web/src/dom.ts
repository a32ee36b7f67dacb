// Elements are made, never written as HTML: no text of a study can become code.

type Child = Node | string | number | null | undefined | false;
type Props = Record<string, unknown>;

/** Make an element. `on…` props listen, `class` and attributes are set, `style` takes properties. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(element, name, value);
  append(element, children.flat());
  return element;
}

/** Make an element of a drawing. */
export function svg(tag: string, attributes: Record<string, string | number>, ...children: Child[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}

export function append(parent: Element, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

export function fill(parent: Element, ...children: (Child | Child[])[]): void {
  parent.replaceChildren();
  append(parent, children.flat());
}

function set(element: HTMLElement, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (value === false && !name.startsWith("aria-")) return;
  if (name.startsWith("on") && typeof value === "function") {
    element.addEventListener(name.slice(2), value as EventListener);
  } else if (name === "style") {
    for (const [key, each] of Object.entries(value as Record<string, string>)) {
      element.style.setProperty(key, each);
    }
  } else if (name === "value" && "value" in element) {
    (element as HTMLInputElement).value = String(value);
  } else {
    element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
}

/** A button that says what it does. */
export function button(text: string, act: () => void, props: Props = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick: act, ...props }, text);
}

/** A choice among options: value and text. A label that is not `seen` is only read aloud. */
export function choice(
  label: string,
  options: [string, string][],
  chosen: string,
  act: (value: string) => void,
  seen = true,
): HTMLLabelElement {
  const select = h(
    "select",
    { onchange: () => act(select.value) },
    options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
  return h("label", { class: "field" }, h("span", { class: seen ? null : "unseen" }, label), select);
}

/** A slider with its value beside it. */
export function slider(
  text: string, min: number, max: number, step: number, value: number, act: (value: number) => void,
): HTMLLabelElement {
  const out = h("output", {}, String(value));
  const input = h("input", {
    type: "range", min, max, step, value,
    oninput: () => { out.textContent = input.value; act(Number(input.value)); },
  });
  return h("label", { class: "slider" }, h("span", {}, text), input, out);
}

/** Show a value that was changed elsewhere. */
export function setSlider(slider: HTMLLabelElement, value: number): void {
  const input = slider.querySelector("input")!;
  input.value = String(value);
  slider.querySelector("output")!.textContent = String(Number(value.toFixed(2)));
}

/** Words that only a screen reader says. */
export function unseen(text: string): HTMLSpanElement {
  return h("span", { class: "unseen" }, text);
}

/** Whether somebody is typing, so that letters are no commands. */
export function typing(): boolean {
  const focus = document.activeElement;
  return (
    focus instanceof HTMLTextAreaElement ||
    focus instanceof HTMLSelectElement ||
    (focus instanceof HTMLInputElement && !["checkbox", "range", "button"].includes(focus.type))
  );
}

/** Say something at the foot of the page for a while; errors stay longer. */
export function say(text: string, bad = false): void {
  const note = h("div", { class: bad ? "note bad" : "note", role: bad ? "alert" : "status" }, text);
  document.querySelectorAll(".note").forEach((old) => old.remove());
  document.body.append(note);
  setTimeout(() => note.remove(), bad ? 12000 : 4000);
}
