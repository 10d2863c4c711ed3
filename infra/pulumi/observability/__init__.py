"""What is measured, promised, watched and shown: plain data, which the components make into resources."""
