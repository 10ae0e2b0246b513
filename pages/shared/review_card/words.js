// The card's words in the reader's language. The English ones are the keys; {name} is filled in afterwards.

let WORDS = {}

const t = (words, values = {}) => filled(WORDS[words] || words, values)

// The form for so many. A catalogue that has the words says by its own rule which form it is.
const tn = (one, more, many, values = {}) => filled(many === 1 ? t(one) : t(more), values)

function filled(words, values) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole))
}
