"""Every field of a `generateContent` request with a sample, for the table of what becomes of it elsewhere.

Source: https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching
"""

from typing import Any

from plexus.protocols import Field

MINIMAL: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}

_GENERATE = "https://ai.google.dev/api/generate-content"
_CONTENT = "https://ai.google.dev/api/caching#Content"
_PART = "https://ai.google.dev/api/caching#Part"
_TOOL = "https://ai.google.dev/api/caching#Tool"
_CONFIG = "https://ai.google.dev/api/generate-content#GenerationConfig"
_THINKING = "https://ai.google.dev/gemini-api/docs/thinking"
_VERTEX = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference"
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_FUNCTION = {"name": "look", "description": "Looks", "parametersJsonSchema": {"type": "object", "properties": {}}}
_CALL = {"name": "look", "args": {"at": "it"}}
_RESULT = {"name": "look", "response": {"output": "seen"}}


def _said(*parts: dict[str, Any]) -> dict[str, Any]:
    """A request whose one user turn is made of these parts."""
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def _called(call: dict[str, Any], answer: dict[str, Any], **beside: Any) -> dict[str, Any]:
    """A request in which a function was called and has answered."""
    return {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"functionCall": call, **beside}]},
            {"role": "user", "parts": [{"functionResponse": answer}]},
        ]
    }


def _answered(part: dict[str, Any]) -> dict[str, Any]:
    """A request with a model's part in its history."""
    return {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [part, {"text": "So it is."}]},
            {"role": "user", "parts": [{"text": "and?"}]},
        ]
    }


def _config(**fields: Any) -> dict[str, Any]:
    return {"generationConfig": fields}


def _tool(**fields: Any) -> dict[str, Any]:
    return {"tools": [fields]}


def _function(**fields: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{**_FUNCTION, **fields}]}]}


def _calling(**fields: Any) -> dict[str, Any]:
    return {**_function(), "toolConfig": {"functionCallingConfig": fields}}


_REQUEST = (
    Field("contents", _said({"text": "hello"}), _GENERATE),
    Field(
        "contents[].role",
        {"contents": [*_said({"text": "hi"})["contents"], {"role": "model", "parts": [{"text": "oh"}]}]},
        _CONTENT,
    ),
    Field("systemInstruction", {"systemInstruction": {"parts": [{"text": "Be brief."}]}}, _GENERATE),
    Field("tools", _function(), _GENERATE),
    Field("toolConfig", _calling(mode="ANY"), _GENERATE),
    Field(
        "safetySettings",
        {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
        "https://ai.google.dev/api/generate-content#SafetySetting",
    ),
    Field("cachedContent", {"cachedContent": "cachedContents/abc"}, _GENERATE),
    Field("serviceTier", {"serviceTier": "flex"}, _GENERATE),
    Field("store", {"store": True}, _GENERATE),
    Field("labels", {"labels": {"team": "research"}}, _VERTEX),
    Field("modelArmorConfig", {"modelArmorConfig": {"promptTemplateName": "t"}}, _VERTEX),
)
_PARTS = (
    Field("contents[].parts[].text", _said({"text": "hello"}), _PART),
    Field("contents[].parts[].thought", _answered({"text": "Let me see.", "thought": True}), _PART),
    Field("contents[].parts[].thoughtSignature", _answered({"text": "Yes.", "thoughtSignature": "c2ln"}), _PART),
    Field("contents[].parts[].inlineData", _said({"inlineData": {"mimeType": "image/png", "data": _PIXEL}}), _PART),
    Field(
        "contents[].parts[].inlineData.displayName",
        _said({"inlineData": {"mimeType": "image/png", "data": _PIXEL, "displayName": "dot.png"}}),
        _VERTEX,
    ),
    Field(
        "contents[].parts[].fileData",
        _said({"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/dot.png"}}),
        _PART,
    ),
    Field(
        "contents[].parts[].fileData.fileUri (Files API)",
        _said({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}}),
        "https://ai.google.dev/gemini-api/docs/files",
    ),
    Field("contents[].parts[].functionCall", _called(_CALL, _RESULT), _PART),
    Field("contents[].parts[].functionCall.id", _called({**_CALL, "id": "c1"}, {**_RESULT, "id": "c1"}), _PART),
    Field("contents[].parts[].functionResponse", _called(_CALL, {**_RESULT, "response": {"output": "gone"}}), _PART),
    Field(
        "contents[].parts[].functionResponse.response.error",
        _called(_CALL, {**_RESULT, "response": {"error": "no"}}),
        _PART,
    ),
    Field(
        "contents[].parts[].functionResponse.parts",
        _called(_CALL, {**_RESULT, "parts": [{"inlineData": {"mimeType": "image/png", "data": _PIXEL}}]}),
        _PART,
    ),
    Field("contents[].parts[].functionResponse.willContinue", _called(_CALL, {**_RESULT, "willContinue": True}), _PART),
    Field("contents[].parts[].functionResponse.scheduling", _called(_CALL, {**_RESULT, "scheduling": "SILENT"}), _PART),
    Field(
        "contents[].parts[].executableCode", _answered({"executableCode": {"language": "PYTHON", "code": "1"}}), _PART
    ),
    Field(
        "contents[].parts[].codeExecutionResult",
        _answered({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}),
        _PART,
    ),
    Field("contents[].parts[].toolCall", _answered({"toolCall": {"toolType": "URL_CONTEXT", "id": "t"}}), _PART),
    Field(
        "contents[].parts[].toolResponse", _answered({"toolResponse": {"toolType": "URL_CONTEXT", "id": "t"}}), _PART
    ),
    Field("contents[].parts[].partMetadata", _said({"text": "hi", "partMetadata": {"from": "a"}}), _PART),
    Field(
        "contents[].parts[].videoMetadata",
        _said(
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://example.com/a.mp4"}, "videoMetadata": {"fps": 2}}
        ),
        _PART,
    ),
    Field(
        "contents[].parts[].mediaResolution",
        _said(
            {
                "inlineData": {"mimeType": "image/png", "data": _PIXEL},
                "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"},
            }
        ),
        _PART,
    ),
)
_TOOLS = (
    Field("tools[].functionDeclarations[].name", _function(name="see"), _TOOL),
    Field("tools[].functionDeclarations[].description", _function(description="Sees"), _TOOL),
    Field(
        "tools[].functionDeclarations[].parameters",
        _tool(
            functionDeclarations=[
                {"name": "look", "parameters": {"type": "OBJECT", "properties": {"at": {"type": "STRING"}}}}
            ]
        ),
        _TOOL,
    ),
    Field(
        "tools[].functionDeclarations[].parametersJsonSchema",
        _function(parametersJsonSchema={"type": "object", "properties": {"at": {"type": "string"}}}),
        _TOOL,
    ),
    Field("tools[].functionDeclarations[].response", _function(response={"type": "STRING"}), _TOOL),
    Field("tools[].functionDeclarations[].responseJsonSchema", _function(responseJsonSchema={"type": "string"}), _TOOL),
    Field("tools[].functionDeclarations[].behavior", _function(behavior="NON_BLOCKING"), _TOOL),
    Field("tools[].googleSearch", _tool(googleSearch={}), _TOOL),
    Field("tools[].googleSearch.excludeDomains", _tool(googleSearch={"excludeDomains": ["example.com"]}), _VERTEX),
    Field("tools[].googleSearchRetrieval", _tool(googleSearchRetrieval={}), _TOOL),
    Field("tools[].enterpriseWebSearch", _tool(enterpriseWebSearch={}), _VERTEX),
    Field("tools[].urlContext", _tool(urlContext={}), _TOOL),
    Field("tools[].codeExecution", _tool(codeExecution={}), _TOOL),
    Field("tools[].computerUse", _tool(computerUse={"environment": "ENVIRONMENT_BROWSER"}), _TOOL),
    Field("tools[].fileSearch", _tool(fileSearch={"fileSearchStoreNames": ["fileSearchStores/a"]}), _TOOL),
    Field("tools[].googleMaps", _tool(googleMaps={}), _TOOL),
    Field(
        "tools[].mcpServers",
        _tool(mcpServers=[{"name": "m", "streamableHttpTransport": {"url": "https://mcp.example.com"}}]),
        _TOOL,
    ),
    Field("tools[].retrieval", _tool(retrieval={"vertexAiSearch": {"datastore": "d"}}), _VERTEX),
    Field("toolConfig.functionCallingConfig.mode", _calling(mode="NONE"), _GENERATE),
    Field("toolConfig.functionCallingConfig.mode (VALIDATED)", _calling(mode="VALIDATED"), _GENERATE),
    Field(
        "toolConfig.functionCallingConfig.allowedFunctionNames",
        _calling(mode="ANY", allowedFunctionNames=["look"]),
        _GENERATE,
    ),
    Field(
        "toolConfig.functionCallingConfig.streamFunctionCallArguments",
        _calling(mode="AUTO", streamFunctionCallArguments=True),
        _VERTEX,
    ),
    Field("toolConfig.retrievalConfig", {"toolConfig": {"retrievalConfig": {"languageCode": "en"}}}, _GENERATE),
    Field(
        "toolConfig.includeServerSideToolInvocations",
        {"toolConfig": {"includeServerSideToolInvocations": True}},
        _GENERATE,
    ),
)
_SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
_GENERATION = (
    Field("generationConfig.temperature", _config(temperature=0.3), _CONFIG),
    Field("generationConfig.topP", _config(topP=0.9), _CONFIG),
    Field("generationConfig.topK", _config(topK=40), _CONFIG),
    Field("generationConfig.candidateCount", _config(candidateCount=2), _CONFIG),
    Field("generationConfig.maxOutputTokens", _config(maxOutputTokens=100), _CONFIG),
    Field("generationConfig.stopSequences", _config(stopSequences=["END"]), _CONFIG),
    Field("generationConfig.seed", _config(seed=7), _CONFIG),
    Field("generationConfig.presencePenalty", _config(presencePenalty=0.5), _CONFIG),
    Field("generationConfig.frequencyPenalty", _config(frequencyPenalty=0.5), _CONFIG),
    Field("generationConfig.responseLogprobs", _config(responseLogprobs=True), _CONFIG),
    Field("generationConfig.logprobs", _config(responseLogprobs=True, logprobs=3), _CONFIG),
    Field("generationConfig.responseMimeType", _config(responseMimeType="application/json"), _CONFIG),
    Field(
        "generationConfig.responseMimeType (enum)",
        _config(responseMimeType="text/x.enum", responseSchema={"type": "STRING", "enum": ["a", "b"]}),
        _CONFIG,
    ),
    Field(
        "generationConfig.responseSchema",
        _config(
            responseMimeType="application/json",
            responseSchema={"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
        ),
        _CONFIG,
    ),
    Field(
        "generationConfig.responseJsonSchema",
        _config(responseMimeType="application/json", responseJsonSchema=_SCHEMA),
        _CONFIG,
    ),
    Field("generationConfig.responseModalities", _config(responseModalities=["TEXT", "IMAGE"]), _CONFIG),
    Field(
        "generationConfig.thinkingConfig.includeThoughts", _config(thinkingConfig={"includeThoughts": True}), _THINKING
    ),
    Field(
        "generationConfig.thinkingConfig.thinkingBudget", _config(thinkingConfig={"thinkingBudget": 2048}), _THINKING
    ),
    Field("generationConfig.thinkingConfig.thinkingLevel", _config(thinkingConfig={"thinkingLevel": "LOW"}), _THINKING),
    Field(
        "generationConfig.speechConfig",
        _config(speechConfig={"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}),
        _CONFIG,
    ),
    Field("generationConfig.mediaResolution", _config(mediaResolution="MEDIA_RESOLUTION_LOW"), _CONFIG),
    Field("generationConfig.imageConfig", _config(imageConfig={"aspectRatio": "16:9"}), _CONFIG),
    Field("generationConfig.enableEnhancedCivicAnswers", _config(enableEnhancedCivicAnswers=True), _CONFIG),
    Field("generationConfig.audioTimestamp", _config(audioTimestamp=True), _VERTEX),
    Field("generationConfig.audioTranscriptionConfig", _config(audioTranscriptionConfig={}), _CONFIG),
    Field("generationConfig.continuationToken", _config(continuationToken="dG9rZW4="), _CONFIG),
    Field("generationConfig.routingConfig", _config(routingConfig={"manualMode": {"modelName": "m"}}), _VERTEX),
    Field(
        "generationConfig.modelSelectionConfig",
        _config(modelSelectionConfig={"featureSelectionPreference": "BALANCED"}),
        _VERTEX,
    ),
)
FIELDS: tuple[Field, ...] = (*_REQUEST, *_PARTS, *_TOOLS, *_GENERATION)
