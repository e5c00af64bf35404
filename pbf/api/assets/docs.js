// Shows the OpenAPI document with Swagger UI, in the light or dark scheme of the reader's system.

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function setScheme() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

dark.addEventListener("change", setScheme);
setScheme();

SwaggerUIBundle({
  url: new URL("../openapi.json", import.meta.url).href,
  dom_id: "#routes",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // The default badge sends the document's URL to another host.
  validatorUrl: null,
});
