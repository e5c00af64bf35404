// The gallery as a client of React draws it: all services, each with its icon, name and link.

const { createElement: h, useEffect, useState } = React;

function Card({ service }) {
  const icon = h("img", { src: service.icon_url, alt: "", width: 40, height: 40, loading: "lazy" });
  const link = h("a", { href: `/connect?service=${service.id}` }, service.name);
  return h("li", { className: "card" }, icon, link);
}

function Gallery() {
  const [services, setServices] = useState([]);
  useEffect(() => {
    fetch("/_/services").then((response) => response.json()).then(setServices);
  }, []);
  return h("ul", null, services.map((service) => h(Card, { key: service.id, service })));
}

ReactDOM.createRoot(document.getElementById("root")).render(h(Gallery));
