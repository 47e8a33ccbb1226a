/**
 * A table of any length: only the rows in sight are on the page.
 *
 * Rows have one height, so where a row stands is known without drawing it. The arrow keys move
 * between rows, Enter opens one.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Empty, Loading, Trouble } from "./state.js";

const ROW_PX = 40;
const SPARE_ROWS = 10;

export interface Column<T> {
  readonly title: string;
  readonly cell: (item: T) => ComponentChildren;
  /** Share of the width, as in CSS grids. Default: `1fr`. */
  readonly width?: string;
  /** Left out on narrow screens. */
  readonly isExtra?: boolean;
  readonly isNumber?: boolean;
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly hrefOf?: (item: T) => string;
  /** Opens an item on the same page. */
  readonly onOpen?: (item: T) => void;
  /** As low as its rows are few. */
  readonly isShort?: boolean;
  readonly isLoading?: boolean;
  readonly error?: Error | null;
  readonly empty: ComponentChildren;
  readonly onEnd?: () => void;
}

export function Table<T>(props: TableProps<T>) {
  const { columns, items } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (element === null) {
      return;
    }
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(items.length, Math.ceil((top + height) / ROW_PX) + SPARE_ROWS);
  useEffect(() => {
    if (last >= items.length - SPARE_ROWS) {
      props.onEnd?.();
    }
  }, [last, items.length, props.onEnd]);
  const grid = columns.map(({ width }) => `minmax(0, ${width ?? "1fr"})`).join(" ");
  const narrow = columns
    .filter(({ isExtra }) => !isExtra)
    .map(({ width }) => `minmax(0, ${width ?? "1fr"})`)
    .join(" ");
  // Without rows it is no table to those who hear the page: only a sentence.
  const isEmpty = items.length === 0;
  const roleOf = (role: "row" | "rowgroup" | "columnheader") => (isEmpty ? {} : { role });
  const style = { "--grid": grid, "--narrow-grid": narrow };
  return (
    <div
      class="table"
      {...(isEmpty ? {} : { role: "table", "aria-label": props.label })}
      style={style}
    >
      <div class="line head" {...roleOf("row")}>
        {columns.map((column) => (
          <span key={column.title} {...roleOf("columnheader")} class={cellClass(column)}>
            {column.title}
          </span>
        ))}
      </div>
      <Trouble error={props.error ?? null} />
      <div
        ref={box}
        class={props.isShort ? "lines short" : "lines"}
        {...roleOf("rowgroup")}
        tabIndex={0}
        onScroll={(event) => setTop((event.currentTarget as HTMLElement).scrollTop)}
        onKeyDown={moveFocus}
      >
        <div role="presentation" style={{ height: `${items.length * ROW_PX}px` }} class="space">
          {items.slice(first, last).map((item, at) => (
            <Line key={props.keyOf(item)} item={item} at={first + at} {...{ columns, props }} />
          ))}
        </div>
        {isEmpty && !props.error ? (
          props.isLoading ? (
            <Loading />
          ) : (
            <Empty>{props.empty}</Empty>
          )
        ) : null}
      </div>
    </div>
  );
}

interface LineProps<T> {
  readonly item: T;
  readonly at: number;
  readonly columns: readonly Column<T>[];
  readonly props: TableProps<T>;
}

function Line<T>({ item, at, columns, props }: LineProps<T>) {
  const href = props.hrefOf?.(item);
  const { onOpen } = props;
  const choose = onOpen === undefined ? undefined : () => onOpen(item);
  const open = href === undefined ? choose : () => location.assign(href);
  return (
    <div
      class={open === undefined ? "line" : "line link"}
      role="row"
      aria-rowindex={at + 2}
      style={{ transform: `translateY(${at * ROW_PX}px)` }}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest("a, button, input")) {
          open?.();
        }
      }}
    >
      {columns.map((column, index) => (
        <span key={column.title} role="cell" class={cellClass(column)}>
          {index > 0 ? (
            column.cell(item)
          ) : href !== undefined ? (
            <a href={href}>{column.cell(item)}</a>
          ) : choose !== undefined ? (
            <button type="button" class="plain" onClick={choose}>
              {column.cell(item)}
            </button>
          ) : (
            column.cell(item)
          )}
        </span>
      ))}
    </div>
  );
}

function cellClass(column: Column<never>): string {
  return `cell${column.isExtra ? " extra" : ""}${column.isNumber ? " number" : ""}`;
}

function moveFocus(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const links = [
    ...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(
      ".cell:first-child :is(a, button)",
    ),
  ];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = links[at + step];
  if (step !== 0 && next !== undefined) {
    event.preventDefault();
    next.focus();
  }
}
