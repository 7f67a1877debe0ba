// Makes and updates elements. Text reaches the document only as text nodes and attributes, never as markup: what
// programs log is written by strangers.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element; strings among `children` become text. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Sets an element's text if it differs, so that a selection in it survives. */
export function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Makes `parent` hold one element per item, in order; elements are kept by `key` and brought up to date by `update`. */
export function keyed(parent, items, { key, create, update }) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const name = String(key(item));
    let element = old.get(name);
    if (!element) {
      element = create(item);
      element.dataset.key = name;
    }
    old.delete(name);
    update?.(element, item, index);
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
  for (const element of old.values()) element.remove();
  // Only if two items had one key.
  while (parent.children.length > items.length) parent.lastElementChild.remove();
}

const canHover = matchMedia("(hover: hover)");

/** Whether somebody points at or tabs through `element`: what moves should stand still then. */
export const isAttended = (element) =>
  (canHover.matches && element.matches(":hover")) || element.querySelector(":focus-visible") !== null;

/** Calls `draw(width)` now and when the width of `element` changes. */
export function drawnToWidth(element, draw) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const next = Math.floor(entry.contentRect.width);
    if (next === width || next === 0) return;
    width = next;
    draw(width);
  }).observe(element);
}

/** A button that copies `text`, or nothing where the browser does not let a page do that. */
export function copyButton(text, what) {
  if (!navigator.clipboard) return null;
  const button = h("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, "copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      setText(button, "copied");
    } catch {
      setText(button, "not allowed");
    }
    setTimeout(() => setText(button, "copy"), 1_500);
  });
  return button;
}
