"""The REST API `/api/v1`: routes, messages, their OpenAPI document and its page."""
