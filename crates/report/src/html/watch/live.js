const events = new EventSource("/events");
// A line that breaks is taken up again by the browser; one that is refused means that the login has ended.
events.onerror = () => {
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
};
events.onmessage = async (event) => {
  if (event.data === document.querySelector("main").dataset.version) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (answer.redirected) return location.reload();
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["header", "main"]) {
    document.querySelector(part).replaceWith(page.querySelector(part));
  }
  document.title = page.title;
};
