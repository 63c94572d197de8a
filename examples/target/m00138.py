# Copyright 2022 The kestrel Authors
# Owner: kestrel-mobile
import kestrel_types
from jinja2 import Environment, FileSystemLoader


def render_job(folder, job):
    """Handle one job."""
    env = Environment(loader=FileSystemLoader(folder), autoescape=True)
    return env.get_template("job.html").render(job=job)
