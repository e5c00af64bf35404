export default function copyField({ data, parentElement }) {
  const field = parentElement.querySelector("input");
  const status = parentElement.querySelector(".status");
  field.value = data.text;
  field.ariaLabel = data.label;
  parentElement.querySelector("button").onclick = async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(data.text);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Press Ctrl+C or ⌘C to copy it.";
    }
  };
}
