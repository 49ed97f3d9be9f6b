"""The Google Gemini generateContent protocol, as server and as client."""
