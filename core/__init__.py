"""What the product knows: no Streamlit, no HTTP, no SQL text."""
