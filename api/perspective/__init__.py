"""The Perspective API's dialect: routes, messages and errors as its clients know them."""
