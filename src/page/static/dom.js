/**
 * Makes the document what the views describe. A view is a tree of `h(tag, props, ...children)`; `patch` changes only what
 * differs, so the focus, a selection and a scroll position stay. Nothing here reads text as HTML: a child is a text node, and
 * only the attributes of a list are ever set.
 */
const allowed = new Set(
  (
    'class id title role for type name datetime tabindex scope placeholder maxlength autocomplete spellcheck disabled ' +
    'required selected aria-label aria-hidden aria-sort aria-pressed aria-rowcount aria-rowindex aria-busy aria-expanded'
  ).split(' '),
);
/** Are set on the node, and not as an attribute. */
const properties = new Set(['value', 'checked', 'indeterminate']);
const described = new WeakMap();

/**
 * Describes an element: `h('p.hint', 'text')`, `h('a', { href: '#' }, …)`. Of the properties, `on` has listeners by event,
 * `css` goes through the CSSOM, and `key` says which one it is among its siblings.
 */
export function h(selector, ...parts) {
  const [tag, ...classes] = selector.split('.');
  const [first] = parts;
  const hasProps = typeof first === 'object' && first !== null && !Array.isArray(first) && !('tag' in first);
  const props = hasProps ? parts.shift() : {};
  if (classes.length > 0) props.class = `${classes.join(' ')} ${props.class ?? ''}`.trim();
  return { tag, props, children: shownOf(parts) };
}

const shownOf = (parts) => parts.flat(9).filter((part) => part != null && part !== false);

function create({ tag, props }) {
  const node = document.createElement(tag);
  described.set(node, { tag, key: props.key, props: {}, heard: new Set() });
  return node;
}

function setAttribute(node, name, value) {
  if (name === 'href') {
    if (!String(value).startsWith('#')) throw new Error('only links within the page');
  } else if (!allowed.has(name)) throw new Error(`the attribute ${name} is not on the list`);
  if (value == null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? '' : value);
}

function update(node, { props, children }) {
  const of = described.get(node);
  const before = of.props;
  of.props = props;
  for (const name of new Set([...Object.keys(before), ...Object.keys(props)])) {
    const [old, value] = [before[name], props[name]];
    if (name === 'key') continue;
    if (name === 'on') listen(node, of, value);
    else if (name === 'css') style(node, old, value);
    else if (!properties.has(name) && old !== value) setAttribute(node, name, value);
  }
  if (children.length > 0 || node.firstChild) patch(node, children);
  // Last, as a choice needs its options first.
  for (const name of properties) if (name in props && node[name] !== props[name]) node[name] = props[name];
}

/** Adds one listener for each type, which asks for the present one. */
function listen(node, of, listeners = {}) {
  for (const type of Object.keys(listeners)) {
    if (of.heard.has(type)) continue;
    of.heard.add(type);
    node.addEventListener(type, (event) => of.props.on?.[type]?.(event));
  }
}

function style(node, old = {}, next = {}) {
  for (const [key, text] of Object.entries({ ...old, ...next })) {
    if (!(key in next)) node.style.removeProperty(key);
    else if (old[key] !== text) node.style.setProperty(key, text);
  }
}

function fits(node, child) {
  const of = described.get(node);
  return of !== undefined && of.tag === child.tag && of.key === child.props.key;
}

/** Makes the children of a node what is described. */
export function patch(parent, children) {
  const keyed = new Map();
  for (const node of parent.childNodes) {
    const key = described.get(node)?.key;
    if (key !== undefined) keyed.set(key, node);
  }
  // What leaves goes first. Then what stays is not moved: a node that moves loses the focus.
  const kept = new Set(children.map((child) => child.props?.key));
  for (const [key, node] of keyed) if (!kept.has(key)) node.remove();
  let at = parent.firstChild;
  for (const child of children) {
    if (typeof child !== 'object') {
      if (at?.nodeType !== Node.TEXT_NODE) at = parent.insertBefore(document.createTextNode(''), at);
      if (at.data !== String(child)) at.data = String(child);
      at = at.nextSibling;
      continue;
    }
    const { key } = child.props;
    let node = key === undefined ? at : keyed.get(key);
    if (!node || !fits(node, child)) node = create(child);
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
    update(node, child);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** As `patch`; what has the focus keeps it, even if it has moved. */
export function draw(parent, children) {
  const active = document.activeElement;
  patch(parent, shownOf(children));
  if (active !== document.activeElement && active?.isConnected) active.focus({ preventScroll: true });
}
