// Which key does what for this person: acts.js says it for everybody, the preference "keys" changes it.
// Keys are told by what they write (event.key), because that is what is printed on them and shown in the hints. What
// writes no Latin letter and is bound to nothing counts by its place (event.code): on a Cyrillic, Greek or Arabic
// layout the key that has A printed beside the other letter is A, and the digits' row of a French keyboard is 1 to 0.

const KEY_LAYOUTS = {
  // by default key, so that acts need not be listed twice
  left: { 6: "q", q: "6", Enter: "Space", h: "w", w: "c" },
  right: { a: "0", x: "+", e: "*", s: "-", h: "/", z: ".", v: "7", t: "8", d: "9", g: "Delete" },
}
const FIRM_KEYS = new Set(["Escape"]) // never bound to anything else
const NAMED_KEYS = new Set(["Enter", "Space", "Insert", "Delete"])
const KEY_TITLES = { Escape: "Esc", Delete: "Del", Insert: "Ins" }
const WHY_NO_KEY = {
  modifier: later("Shift, Ctrl, Alt and the like are pressed with other keys. Choose one that stands alone."),
  held: later("Press the key without Shift, Ctrl, Alt or Cmd: those belong to the browser."),
  firm: later("Esc closes things everywhere. Choose another key."),
  browser: later("The browser or the page needs {key}. Choose a letter, a digit, a sign, Enter, Space, Ins or Del."),
}

const labelAct = (index) => "label" + (index + 1)

// Every act that has a key: {act, key (by default), help}.
function keyActs() {
  const labels = LABEL_DEFAULTS.map((key, index) => ({ act: labelAct(index), key }))
  const others = ACTS.filter((one) => one.help).map((one) => ({ act: one.act, key: one.first === undefined ? one.key : one.first, help: one.help }))
  return [...labels, ...others]
}

// The key of each act, by layout and own choices; null for none. Of two acts with one key the first keeps it.
function boundKeys(chosen) {
  const { layout, own } = keyChoice(chosen)
  const moved = KEY_LAYOUTS[layout] || {}
  const [found, taken] = [{}, new Set(FIRM_KEYS)]
  const wish = ({ act, key }) => (act in own ? own[act] : key in moved ? moved[key] : key)
  const first = (one) => (one.act in own ? 0 : one.key in moved ? 1 : 2) // own choices before the layout's, these before the rest
  for (const one of keyActs().sort((a, b) => first(a) - first(b))) {
    const key = wish(one)
    found[one.act] = key && !taken.has(key) ? key : null
    if (found[one.act]) taken.add(key)
  }
  return found
}

function keyChoice(chosen) {
  const told = chosen && typeof chosen === "object" ? chosen : {}
  const own = told.own && typeof told.own === "object" ? told.own : {}
  return { layout: told.layout in KEY_LAYOUTS ? told.layout : "default", own }
}

// Let keys do that from now on: the table, and so the card, its help and its hints. Whether anything changed.
function bindKeys(chosen) {
  const found = boundKeys(chosen)
  const before = JSON.stringify([ACTS.map((one) => one.key), LABEL_KEYS])
  for (const one of ACTS) {
    if (one.first === undefined) one.first = one.key
    if (one.act in found) one.key = found[one.act]
  }
  LABEL_KEYS.forEach((_key, index) => (LABEL_KEYS[index] = found[labelAct(index)]))
  return before !== JSON.stringify([ACTS.map((one) => one.key), LABEL_KEYS])
}

const plainKey = (key) => (key === " " ? "Space" : key.length === 1 ? key.toLowerCase() : key)
const isBound = (key) => LABEL_KEYS.includes(key) || ACTS.some((one) => one.key === key)

// The key's name in the table.
function keyOfEvent(event) {
  const key = plainKey(event.key)
  if (isBound(key) || /^[a-z]$/.test(key) || event.shiftKey) return key
  const placed = keyAt(event.code || "")
  return placed && (key.length === 1 || event.code.startsWith("Numpad")) ? placed : key
}

function keyAt(code) {
  const found = /^(?:Key([A-Z])|Digit(\d)|Numpad(\d))$/.exec(code)
  if (found) return (found[1] || found[2] || found[3]).toLowerCase()
  return { NumpadAdd: "+", NumpadSubtract: "-", NumpadMultiply: "*", NumpadDivide: "/", NumpadDecimal: ".", NumpadEnter: "Enter" }[code] || null
}

// For the page where keys are chosen: the key's name, or why it cannot be one.
function keyToBind(event) {
  if (["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Fn", "Dead", "Process", "Unidentified"].includes(event.key)) return { problem: t(WHY_NO_KEY.modifier) }
  if (event.ctrlKey || event.metaKey || event.altKey) return { problem: t(WHY_NO_KEY.held) }
  if (FIRM_KEYS.has(event.key)) return { problem: t(WHY_NO_KEY.firm) }
  const key = keyOfEvent(event)
  const known = NAMED_KEYS.has(key) || (Array.from(key).length === 1 && !/\s|\p{C}/u.test(key))
  return known ? { key } : { problem: t(WHY_NO_KEY.browser, { key: event.key }) }
}
