// A card refuses to be framed, so a framed page offers a new tab. What follows is this page, not the
// tab that the link opens in.
export default function redirect({ data, parentElement, setTriggerValue }) {
  const link = parentElement.querySelector("a");
  const framed = window.top !== window.self;
  link.onclick = link.onauxclick = () => framed && setTriggerValue("opened", true);
  link.href = data.url;
  link.target = framed ? "_blank" : "_self";
  link.textContent = framed ? "Open the Connect Card in a new tab" : "Continue to the Connect Card";
  if (!framed && link.dataset.gone !== data.url) {
    link.dataset.gone = data.url;
    window.location.assign(data.url);
  }
}
