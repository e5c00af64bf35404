// Shows the description with Swagger UI, in the light or dark that the reader's system asks for.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function dress() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

dark.addEventListener("change", dress);
dress();

SwaggerUIBundle({
  url: "/_/openapi.json",
  dom_id: "#routes",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // The usual badge sends the address of the description to a host elsewhere.
  validatorUrl: null,
});
