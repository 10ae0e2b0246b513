// Making elements. Only ever textContent.

const count = { format: (many) => NUMBERS.format(many) }

function element(name, words = "", kind = "") {
  const made = document.createElement(name)
  if (words) made.textContent = words
  if (kind) made.className = kind
  return made
}

function listOf(rows) {
  const made = element("ul")
  made.append(...rows)
  return made
}

function setText(box, words) {
  if (box.textContent !== words) box.textContent = words
}

// Whether a box does not say that yet. What it says already stays as it is: it is not read aloud again and keeps the focus.
function isNews(box, told) {
  const words = JSON.stringify([LANGUAGE, told])
  if (box.told === words) return false
  box.told = words
  return true
}
