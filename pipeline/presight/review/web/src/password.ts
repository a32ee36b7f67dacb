// A dialog that asks for a new password.
import { ask } from "./api";
import { button, h } from "./dom";

/** Ask for one's own new password; the session ends with the old one. */
export function changeOwnPassword(name: string, done: () => void): void {
  const old = field("Old password", "current-password");
  open("Your password", name, [old], async (password) => {
    await ask("me/password", { old: input(old).value, new: password });
    done();
  });
}

/** Ask an admin for somebody else's new password. */
export function setPassword(name: string, done: () => void): void {
  open(`New password of ${name}`, name, [], async (password) => {
    await ask("accounts/change", { name, password });
    done();
  });
}

function open(title: string, name: string, before: HTMLElement[], save: (password: string) => Promise<void>): void {
  const fresh = field("New password, 12 characters or more", "new-password", 12);
  const wrong = h("p", { class: "bad", role: "alert" });
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await save(input(fresh).value);
      dialog.close();
    } catch (error) {
      wrong.textContent = (error as Error).message;
    }
  };
  const dialog = h("dialog", { class: "help", "aria-label": title, onclose: () => dialog.remove() },
    h("form", { class: "login", onsubmit: submit },
      h("h1", {}, title), whose(name), ...before, fresh, wrong,
      h("button", { type: "submit", class: "main" }, "Change it"),
      button("Leave it", () => dialog.close())));
  document.body.append(dialog);
  dialog.showModal();
}

/** For a browser that keeps passwords. */
function whose(name: string): HTMLElement {
  return h("input", { value: name, autocomplete: "username", hidden: true, readonly: true, "aria-label": "Name" });
}

function field(label: string, autocomplete: string, shortest = 1): HTMLLabelElement {
  return h("label", {}, label, h("input", { type: "password", required: true, minlength: shortest, maxlength: 200, autocomplete }));
}

function input(label: HTMLElement): HTMLInputElement {
  return label.querySelector("input")!;
}
