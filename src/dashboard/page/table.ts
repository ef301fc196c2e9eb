// A table that is filled anew with rows of text.
import { element } from "./dom.ts";

export interface Column<Row> {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly isNumber?: boolean;
  readonly isCode?: boolean;
  text(row: Row): string;
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], whenEmpty: string): HTMLElement {
  if (rows.length === 0) return element("p", { class: "empty" }, whenEmpty);
  const head = columns.map(({ title, isNumber }) =>
    element("th", { scope: "col", class: isNumber && "number" }, title),
  );
  const body = rows.map((row) =>
    element("tr", {}, ...columns.map((column) => element("td", { class: classOf(column) }, column.text(row)))),
  );
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body)),
  );
}

function classOf<Row>({ isNumber, isCode }: Column<Row>): string | undefined {
  return [isNumber && "number", isCode && "code"].filter(Boolean).join(" ") || undefined;
}
