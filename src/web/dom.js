// Small helpers for elements. Text from people or the server only ever becomes a text node here;
// nothing in the page sets HTML from a string.

const SVG = 'http://www.w3.org/2000/svg';

export function byId(id) {
  return document.getElementById(id);
}

/** `el('li', { class: 'row', 'data-peer-id': id }, child, 'text')`; null children are left out. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, '');
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** One of the symbols in index.html. Decoration: the button around it carries the name. */
export function icon(name) {
  return svg(
    'svg',
    { class: 'icon', 'aria-hidden': 'true', viewBox: '0 0 24 24' },
    svg('use', { href: `#i-${name}` }),
  );
}

// The three below write only what changed, so that screen readers and selections are left alone.

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Says something to screen readers, also when it is the same as before. */
export function announce(text) {
  const node = byId('announcer');
  node.textContent = node.textContent === text ? `${text}\u00a0` : text;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

export function setAttribute(node, name, value) {
  if (value == null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}
