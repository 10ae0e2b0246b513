// The one table of acts: what can be done, by which key, and whether a comment must be on the screen for it.
// `help` is what the list of keys says of it; without, the list need not tell it.

const ACTS = [
  { act: "label", key: null, onScreen: true }, // 1 to 6, one for each label
  { act: "submit", key: "Enter", onScreen: true, help: "Submit and next" },
  { act: "none", key: "a", onScreen: true, help: "None of them: approve and next" },
  { act: "flip", key: "x", onScreen: true, help: "Keep although labelled, remove although not" },
  { act: "escalate", key: "e", onScreen: true, help: "Escalate: somebody else decides" },
  { act: "ask", key: "q", onScreen: true, help: "Ask a lead, or answer" },
  { act: "send", key: null, onScreen: true },
  { act: "keep", key: null, onScreen: true },
  { act: "skip", key: "s", onScreen: true, help: "Skip: back to the queue" },
  { act: "hold", key: "h", onScreen: true, help: "Hold for a day" },
  { act: "resume", key: "g", help: "Get a held one back" },
  { act: "undo", key: "z", help: "Undo your last step, again and again" },
  { act: "reveal", key: "v", onScreen: true, help: "Show more of a masked text: words, then all; then mask it again" },
  { act: "mask", key: "m", help: "Mask every comment" },
  { act: "rest", key: "b", help: "Take a break: comments go back, time stops, any key returns" },
  { act: "later", key: null },
  { act: "note", key: "n", onScreen: true, help: "Write a note" },
  { act: "identical", key: "d", onScreen: true, help: "Settle all identical comments" },
  { act: "near", key: "w", onScreen: true, help: "Similar decided comments" },
  { act: "guidelines", key: "i", onScreen: true, help: "Guidelines at the labels" },
  { act: "context", key: "t", onScreen: true, help: "Thread and author of this comment" },
  { act: "open", key: "o", onScreen: true, help: "Open the original in a new tab" },
  { act: "focus", key: "f", help: "What I work on" },
  { act: "widen", key: null },
  { act: "hand", key: "r", onScreen: true, help: "Hand over to somebody" },
  { act: "held", key: null },
  { act: "help", key: "?", help: "This list" },
  { act: "dismiss", key: "Escape" },
]
const ON_SCREEN = new Set(ACTS.filter((one) => one.onScreen).map((one) => one.act))
const LABEL_DEFAULTS = ["1", "2", "3", "4", "5", "6"]
const LABEL_KEYS = [...LABEL_DEFAULTS] // as keys.js binds them

const keyName = (key) => (key && key.length === 1 ? key.toUpperCase() : KEY_TITLES[key] || key)
const keyOf = (act) => ACTS.find((one) => one.act === act).key

// What a key press asks for: {act, label}, or null.
function actOf(key) {
  const label = LABEL_KEYS.indexOf(key)
  if (label >= 0) return { act: "label", label }
  const found = ACTS.find((one) => one.key === key)
  return found ? { act: found.act, label: null } : null
}

// Rows of the list of keys.
function keyHelp() {
  const rows = ACTS.filter((one) => one.help && one.key).map((one) => [keyName(one.key), t(one.help)])
  const asPrinted = LABEL_KEYS.every((key, index) => key === LABEL_DEFAULTS[index])
  const labels = asPrinted ? `${LABEL_KEYS[0]} – ${LABEL_KEYS.at(-1)}` : LABEL_KEYS.map((key) => keyName(key) || "–").join(" ")
  return [[labels, t("Toggle a label")], ...rows]
}

// Hints beside buttons: <kbd data-key="ACT"> shows the act's key.
function drawKeyHints(root) {
  for (const hint of root.querySelectorAll("kbd[data-key]")) hint.textContent = keyName(keyOf(hint.dataset.key)) || ""
}
