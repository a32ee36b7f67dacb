// Who is here, which view they look at, and the bar above it.
import { ask, knowMe, Refused, type Me, type Words } from "./api";
import { button, fill, h, say } from "./dom";
import { showAccounts } from "./accounts";
import { showAgreement } from "./agreement";
import { typing } from "./dom";
import { dialogOpen, showHelp } from "./help";
import { forget } from "./images";
import { changeOwnPassword } from "./password";
import { showRecord } from "./record";
import { showWorklist } from "./worklist";

export interface Desk {
  me: Me;
  words: Words;
}

/** Ends what a view has running. */
export type Leave = () => void;

const page = document.querySelector("#page")!;
let leave: Leave = () => undefined;
let desk: Desk | null = null;
let turns = 0;

async function start(): Promise<void> {
  try {
    await enter(await ask<Me>("me"));
  } catch (error) {
    if (error instanceof Refused && error.status === 401) showLogin();
    else throw error;
  }
}

async function enter(me: Me): Promise<void> {
  knowMe(me);
  setTimeout(() => void import("./study").then((study) => study.preparePane()), 0); // before it is needed
  desk = { me, words: await ask<Words>("words") };
  await route();
}

const REFUSED: Record<string, string> = {
  unknown: "The hospital's login knows you, but there is no account for you here. Ask an admin of this desk.",
  failed: "The hospital's login did not let you in. Try again.",
  unreachable: "The hospital's login cannot be reached. Try again later, or log in with a password.",
};

function showLogin(): void {
  leave();
  leave = () => undefined;
  forget();
  desk = null;
  const hospital = h("p", {});
  void ask<{ hospital: boolean }>("ways").then((ways) => {
    if (ways.hospital) hospital.append(h("a", { class: "button main", href: "/api/hospital/login" }, "Hospital login"));
  });
  const name = h("input", { name: "name", autocomplete: "username", required: true });
  const password = h("input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const [, refused = ""] = /^#\/refused\/(\w+)$/.exec(location.hash) ?? [];
  const wrong = h("p", { class: "bad", role: "alert" }, REFUSED[refused] ?? "");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await enter(await ask<Me>("login", { name: name.value, password: password.value }));
    } catch (error) {
      wrong.textContent = (error as Error).message;
      password.value = "";
    }
  };
  title("Log in");
  fill(
    page,
    h("main", {}, h(
      "form",
      { class: "login", onsubmit: submit },
      h("h1", {}, "presight review"),
      hospital,
      h("label", {}, "Name", name),
      h("label", {}, "Password", password),
      wrong,
      h("button", { type: "submit", class: "main" }, "Log in"),
      h("p", { class: "quiet" }, "Research use only. Not a medical device."),
    )),
  );
  name.focus();
}

async function logOut(): Promise<void> {
  await ask("logout", {});
  location.hash = "";
  showLogin();
}

async function route(): Promise<void> {
  if (!desk) return;
  leave();
  leave = () => undefined;
  const [view = "", id = ""] = location.hash.replace(/^#\/?/, "").split("/");
  const body = h("main", { id: "view" });
  title(TITLES[view] ?? "Worklist");
  fill(page, bar(desk, view), body);
  try {
    const show = views[view === "" ? "worklist" : view];
    if (!show) throw new Error("There is no such page.");
    const turn = (turns += 1);
    const ended = await show(body, desk, id);
    if (turn === turns) leave = ended;
    else ended(); // somebody has gone elsewhere meanwhile
  } catch (error) {
    if (error instanceof Refused && error.status === 401) showLogin();
    else fill(body, h("section", { class: "pad" }, h("h1", {}, "presight review"), h("p", { class: "bad", role: "alert" }, (error as Error).message)));
  }
}

const views: Record<string, (body: HTMLElement, desk: Desk, id: string) => Promise<Leave>> = {
  worklist: showWorklist,
  refused: showWorklist, // somebody is logged in all the same
  study: async (...about) => (await import("./study")).showStudy(...about),
  record: showRecord,
  agreement: showAgreement,
  accounts: showAccounts,
};

// Of a study no more than that: what a browser keeps of its pages names no patient.
const TITLES: Record<string, string> = { study: "Study", record: "Record", agreement: "Agreement", accounts: "Accounts" };

function title(view: string): void {
  document.title = `${view} · presight review`;
}

function bar({ me }: Desk, view: string): HTMLElement {
  const links: [string, string][] = [
    ["", "Worklist"],
    ["record", "Record"],
    ["agreement", "Agreement"],
    ...(me.role === "admin" ? ([["accounts", "Accounts"]] as [string, string][]) : []),
  ];
  return h(
    "header",
    {},
    h("strong", {}, "presight"),
    h(
      "nav",
      { "aria-label": "Views" },
      links.map(([to, text]) =>
        h("a", { href: `#/${to}`, "aria-current": to === view ? "page" : null }, text),
      ),
    ),
    h("span", { class: "quiet grow" }, "Research use only"),
    button("Keys", showHelp, { title: "Key ?" }),
    button(`${me.name} · ${me.role}`, () => changeOwnPassword(me.name, showLogin), { class: "who", title: "Change your password" }),
    button("Log out", () => void logOut()),
  );
}

document.addEventListener("keydown", (event) => {
  if (event.key === "?" && desk && !typing() && !dialogOpen()) showHelp();
});
window.addEventListener("hashchange", () => void route());
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof Refused && event.reason.status === 401) showLogin();
  else say((event.reason as Error).message ?? String(event.reason), true);
});
void start();
