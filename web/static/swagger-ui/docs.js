// Shows openapi.json. The validator is a service on the internet, so it stays off.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  requestSnippetsEnabled: true,
});
