// Who may come in, for admins.
import { ask } from "./api";
import { button, choice, fill, h, say, unseen } from "./dom";
import type { Desk, Leave } from "./main";
import { setPassword } from "./password";

interface Account {
  name: string;
  role: string;
  enabled: boolean;
  sso: boolean;
}

const ROLES: [string, string][] = [["reader", "reader"], ["reviewer", "reviewer"], ["admin", "admin"]];

export async function showAccounts(body: HTMLElement, desk: Desk): Promise<Leave> {
  const again = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
      await showAccounts(body, desk);
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  const change = (name: string, part: object): void =>
    void again(() => ask("accounts/change", { name, ...part }));
  const [accounts, ways] = await Promise.all([ask<Account[]>("accounts"), ask<{ hospital: boolean }>("ways")]);
  fill(body, h("section", { class: "pad" },
    h("h1", {}, "Accounts"),
    h("table", { class: "grid" },
      h("thead", {}, h("tr", {}, ["Name", "Role", "Logs in by", unseen("To change")].map((text) => h("th", {}, text)))),
      h("tbody", {}, accounts.map((each) => h("tr", { class: each.enabled ? "" : "off" },
        h("td", {}, each.name),
        h("td", {}, choice(`Role of ${each.name}`, ROLES, each.role, (role) => change(each.name, { role }), false)),
        h("td", {}, each.sso ? "hospital login" : "password"),
        h("td", {}, h("div", { class: "kinds" },
          each.sso ? null : button("Set password", () => setPassword(each.name, () => say(`The password of ${each.name} was changed.`))),
          button(each.enabled ? "Switch off" : "Switch on", () => change(each.name, { enabled: !each.enabled })))))))),
    newAccount(ways.hospital, (account) => void again(() => ask("accounts", account)))));
  return () => undefined;
}

function newAccount(hospital: boolean, add: (account: object) => void): HTMLElement {
  const name = h("input", { required: true, maxlength: 60, autocomplete: "off" });
  const password = h("input", { type: "password", required: true, minlength: 12, autocomplete: "new-password" });
  let role = "reviewer";
  const own = h("label", { class: "field" }, h("span", {}, "Password, 12 characters or more"), password);
  const by = (way: string): void => {
    own.hidden = password.disabled = way === "hospital";
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    add({ name: name.value, role, password: password.disabled ? null : password.value });
  };
  return h("form", { class: "new-account", onsubmit: submit },
    h("h2", {}, "New account"),
    h("label", { class: "field" }, h("span", {}, "Name"), name),
    choice("Role", ROLES, role, (value) => { role = value; }),
    hospital ? choice("Logs in by", [["password", "password"], ["hospital", "hospital login"]], "password", by) : null,
    own,
    h("button", { type: "submit", class: "main" }, "Add"));
}
