/** Small helpers for everything that shows something. */
import { language } from './language.js';

/** `element('li', { className: 'tile' }, …children)` */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

/** A button that shows a picture; `label` is what it says to those who do not see it, and on hover. */
export function iconButton(name, label, onclick) {
  return element(
    'button',
    { type: 'button', className: 'quiet', title: label, ariaLabel: label, onclick },
    icon(name),
  );
}

export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const rounded = value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value);
  return `${rounded}\u00a0${units[unit]}`;
}

/** What files without a picture show: their extension. */
export function extensionOf(name) {
  return /\.([^.]{1,6})$/.exec(name)?.[1].toUpperCase() ?? 'FILE';
}

const TOAST_MS = 5_000;
let fading;

/** Returns the name as two parts: the beginning is cut where there is no room, the extension stays. */
export function nameElement(name) {
  const cut = Math.max(name.lastIndexOf('.'), name.length - 12);
  const end = cut > 0 && name.length > 14 ? cut : name.length;
  return element(
    'p',
    { className: 'name', title: name, lang: language },
    element('span', { className: 'stem', textContent: name.slice(0, end) }),
    element('span', { textContent: name.slice(end) }),
  );
}

/** Shows a message for a moment. */
export function toast(text) {
  const place = document.querySelector('#toast');
  place.textContent = text;
  place.classList.add('shown');
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove('shown'), TOAST_MS);
}

/** Announces a change to screen readers. */
export function announce(text) {
  document.querySelector('#live').textContent = text;
}
