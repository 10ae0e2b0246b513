// Drawing somebody's text: verbatim, in logical order, nothing hidden, nothing interpreted. Only ever textContent.

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0e]/u
const SHOWN = new Set(["\n", "\t", "\u200d"]) // line feed and tab show as what they are; U+200D joins emoji
const MASK_CHARS = 240
const FOLD_CHARS = 6000

const isHidden = (character) => HIDDEN.test(character) && !SHOWN.has(character)

// For places that take a plain string, such as titles and options: one sign for each hidden character.
const visibleText = (words) => Array.from(words || "").map((c) => (isHidden(c) ? "\ufffd" : c)).join("")

function chip(character, times) {
  const made = document.createElement("span")
  made.className = "chip"
  const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")
  made.textContent = "U+" + code + (times > 1 ? " ×" + times : "")
  return made
}

function appendVisible(parent, characters) {
  let plain = ""
  for (let at = 0; at < characters.length; ) {
    const character = characters[at]
    if (!isHidden(character)) {
      plain += character
      at += 1
      continue
    }
    let end = at + 1
    while (characters[end] === character) end += 1
    if (plain) parent.append(document.createTextNode(plain))
    parent.append(chip(character, end - at))
    plain = ""
    at = end
  }
  if (plain) parent.append(document.createTextNode(plain))
}

// Spans are [start, end, label, strength] in code points, sorted and apart.
function drawText(box, text, spans, titles) {
  const whole = text.replaceAll("\r\n", "\n")
  if (!spans.length && !HIDDEN.test(whole.replace(/[\n\t]/g, ""))) {
    box.textContent = whole
    return
  }
  const characters = Array.from(text)
  let at = 0
  for (const [start, end, label, strength] of spans) {
    if (start < at || end > characters.length) continue
    appendVisible(box, lineFeeds(characters.slice(at, start)))
    const mark = document.createElement("mark")
    mark.style.setProperty("--strength", strength)
    mark.title = titles[label]
    appendVisible(mark, lineFeeds(characters.slice(start, end)))
    box.append(mark)
    at = end
  }
  appendVisible(box, lineFeeds(characters.slice(at)))
}

const lineFeeds = (characters) => characters.filter((c, at) => !(c === "\r" && characters[at + 1] === "\n"))

// The shape of a text without a letter of it.
function maskOf(text) {
  const characters = Array.from(text.slice(0, MASK_CHARS * 2)).slice(0, MASK_CHARS)
  return characters.map((c) => (/\s/u.test(c) ? " " : "▇")).join("") + (text.length > MASK_CHARS ? "…" : "")
}
