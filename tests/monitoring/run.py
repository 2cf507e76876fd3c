#!/usr/bin/python3 -B
"""run.py - what watches the services, for real: the rules, the alert manager's configuration and the
dashboard of docker/ are checked by their own tools and then used by a Prometheus and an Alertmanager
that watch both services.

    run.py DIRECTORY_OF_THE_BINARIES

Every port is a free one, every file is in a temporary directory, every wait has an upper bound, and
what was started is ended by its process. The last line is "N passed, N failed".
"""
import json
import math
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from checks import free_port, run, wait_until
from processes import Processes, Receiver, fetch, fetch_json, post

DOCKER = HERE.parent.parent / "docker"
RULES = DOCKER / "prometheus" / "rules.yml"
JOB_RULES = DOCKER.parent / "k8s/overlays/monitoring/job-rules.yaml"
SERVICES = {"payment-service": 5000, "order-service": 5001}  # as docker/compose.yaml names them

# What a service that speaks no TLS does not tell, and what Prometheus makes itself.
NOT_TOLD = {"certificate_expiry_timestamp_seconds", "up", "ALERTS"}
SEVERITIES = {"critical", "warning"}
ANNOTATIONS = {"summary", "description", "action"}
KEYWORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool"}

passed = failed = 0


def check(name, is_right, why=""):
    """Counts one check, and tells of it where it fails."""
    global passed, failed
    if is_right:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {name}\n{why}".rstrip())
    return is_right


def check_tool(*words, **settings):
    """A program that must end with 0."""
    name = " ".join(str(word) for word in words)
    try:
        run(*words, **settings)
        check(name, True)
    except RuntimeError as error:
        check(name, False, str(error))


def load(path):
    return yaml.safe_load(path.read_text())


def alerts_of(rules):
    return [rule for group in rules["groups"] for rule in group["rules"]]


# ---- the files alone ----

def check_files():
    check_tool("promtool", "check", "config", DOCKER / "prometheus" / "prometheus.yml")
    # Its secrets are made where it is used.
    check_tool("promtool", "check", "config", "--syntax-only", DOCKER / "secure-prometheus.yml")
    check_tool("promtool", "check", "rules", RULES)
    check_tool("promtool", "test", "rules", HERE / "rules_test.yml")
    check_tool("amtool", "check-config", DOCKER / "alertmanager" / "alertmanager.yml")


def check_job_rules(home):
    """Those of a cluster, whose manifest no tool of Prometheus reads: the rules in it are."""
    rules = load(JOB_RULES)["spec"]
    (home / "job-rules.yml").write_text(yaml.safe_dump(rules))
    tests = home / "job_rules_test.yml"
    tests.write_text((HERE / tests.name).read_text())
    check_tool("promtool", "check", "rules", home / "job-rules.yml")
    check_tool("promtool", "test", "rules", tests)
    check_annotations(rules)
    check_coverage(rules, tests)


def check_annotations(rules):
    for alert in alerts_of(rules):
        check(f"{alert['alert']} says what it saw, what that means and what to do, and how grave it is",
              set(alert["annotations"]) == ANNOTATIONS and alert["labels"]["severity"] in SEVERITIES)


def check_readme(rules):
    """The table of alerts that operators read has each, as grave as it is."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (DOCKER / "README.md").read_text(), re.MULTILINE)
    told = [(alert["alert"], alert["labels"]["severity"]) for alert in alerts_of(rules)]
    check("docker/README.md has a row for each alert", rows == told, f"{rows}\nand not\n{told}")


def check_coverage(rules, tests):
    """Each alert has been made to fire, and to be silent."""
    fired, silent = set(), set()
    for test in load(tests)["tests"]:
        for expression in test["promql_expr_test"]:
            name = re.search(r'alertname="(\w+)"', expression["expr"])
            if name:
                (fired if expression.get("exp_samples") else silent).add(name[1])
    for alert in alerts_of(rules):
        check(f"{alert['alert']} is tested to fire and to be silent", alert["alert"] in fired & silent)


def check_grafana(dashboard):
    source = load(DOCKER / "grafana/provisioning/datasources/prometheus.yml")["datasources"][0]
    provider = load(DOCKER / "grafana/provisioning/dashboards/farthing.yml")["providers"][0]
    interval = load(DOCKER / "prometheus/prometheus.yml")["global"]["scrape_interval"]
    ids = [panel["id"] for panel in dashboard["panels"]]

    check("Grafana's data source is a Prometheus that scrapes as often as it is told",
          source["type"] == "prometheus" and source["jsonData"]["timeInterval"] == interval)
    check("Grafana loads dashboards from files", provider["type"] == "file")
    check("each panel has an id of its own, and says what it shows",
          len(set(ids)) == len(ids) and all(panel["description"] for panel in dashboard["panels"]))


# ---- for real ----

def start_services(processes, binaries, home):
    ports = {name: free_port() for name in SERVICES}
    for name in SERVICES:
        start_service(processes, binaries, home, name, ports)
    for name, port in ports.items():
        wait_until(lambda p=port: fetch(f"http://127.0.0.1:{p}/readyz").status == 200, f"{name} is ready")
    return ports


def service_settings(home, name, ports):
    peer = next(port for other, port in ports.items() if other != name)
    return {"PORT": str(ports[name]), "DATABASE_URL": f"sqlite:{home}/{name}/store.db",
            "PEER_URL": f"http://127.0.0.1:{peer}"}


def start_service(processes, binaries, home, name, ports):
    processes.start(name, [binaries / name], service_settings(home, name, ports))


def verify_backup(binaries, home, name, ports):
    environment = {**os.environ, **service_settings(home, name, ports)}
    for command in ("backup", "restore-check"):
        check_tool(binaries / name, command, home / f"{name}.backup", env=environment)


def make_traffic(ports, stop):
    """Orders, payments, refunds and refusals, until it is to stop."""
    pay, order = (f"http://127.0.0.1:{ports[name]}" for name in SERVICES)
    number = 0
    while not stop.wait(0.05):
        number += 1
        order_id = f"watched-{number}"
        post(f"{order}/order", {"order_id": order_id, "amount": 10})
        answer = post(f"{pay}/pay", {"order_id": order_id, "amount": 10})
        post(f"{pay}/pay", {"order_id": order_id, "amount": -1})
        if answer.status == 200:
            post(f"{pay}/payments/{json.loads(answer.body)['payment_id']}/refunds", {})


def write_configuration(home, ports, alertmanager_port, receiver_port):
    """The files of docker/, with other addresses and shorter times."""
    prometheus = load(DOCKER / "prometheus" / "prometheus.yml")
    prometheus["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    prometheus["rule_files"] = ["rules.yml"]
    prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager_port}"]
    for scraped in prometheus["scrape_configs"][0]["static_configs"]:
        name, port = scraped["targets"][0].split(":")
        check(f"{name} is scraped under its name and at its port",
              scraped["labels"] == {"service": name} and SERVICES[name] == int(port))
        scraped["targets"] = [f"127.0.0.1:{ports[name]}"]
    rules = load(RULES)
    for alert in alerts_of(rules):
        alert["for"] = "2s"
    alertmanager = load(DOCKER / "alertmanager" / "alertmanager.yml")
    for route in [alertmanager["route"], *alertmanager["route"]["routes"]]:
        route["group_wait"] = route["group_interval"] = "1s"
    alertmanager["receivers"][0]["webhook_configs"][0]["url"] = f"http://127.0.0.1:{receiver_port}/"
    for name, content in (("prometheus", prometheus), ("rules", rules), ("alertmanager", alertmanager)):
        (home / f"{name}.yml").write_text(yaml.safe_dump(content))


def start_watchers(processes, home, prometheus_port, alertmanager_port):
    processes.start("alertmanager", [
        "prometheus-alertmanager", f"--config.file={home}/alertmanager.yml", f"--storage.path={home}/alertmanager",
        f"--web.listen-address=127.0.0.1:{alertmanager_port}", "--cluster.listen-address="])
    processes.start("prometheus", [
        "prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/prometheus",
        f"--web.listen-address=127.0.0.1:{prometheus_port}", "--log.level=warn"])
    for port in (prometheus_port, alertmanager_port):
        wait_until(lambda p=port: fetch(f"http://127.0.0.1:{p}/-/ready").status == 200, f"port {port} is ready")


def check_metrics(ports):
    """Names, units and help as Prometheus wants them."""
    for port in ports.values():
        check_tool("promtool", "check", "metrics",
                   text=fetch(f"http://127.0.0.1:{port}/metrics").body.decode())


def names_in(expression):
    """The metrics that an expression asks for."""
    bare = re.sub(r'\{[^}]*\}|\[[^]]*\]|"[^"]*"|\b(by|without|on|ignoring)\s*\([^)]*\)', " ", expression)
    return {name for name in re.findall(r"(?<![\w.])[a-zA-Z_]\w*(?![\w(])(?!\s*\()", bare)} - KEYWORDS


def queries_of(dashboard):
    """(panel, query), with the variables as Grafana would fill them in."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = target["expr"].replace("$__rate_interval", "30s")
            yield panel["title"], query.replace("$service", "|".join(SERVICES))


def has_data(prometheus, query):
    result = fetch_json(f"{prometheus}/api/v1/query", {"query": query})["data"]["result"]
    return any(math.isfinite(float(sample["value"][1])) for sample in result)


def check_dashboard(prometheus, dashboard):
    waiting = list(queries_of(dashboard))
    check("each variable of the dashboard is known here", not any("$" in query for _, query in waiting))

    def all_have_data():
        waiting[:] = [(panel, query) for panel, query in waiting if not has_data(prometheus, query)]
        return not waiting

    count = len(waiting)
    try:
        wait_until(all_have_data, "data for every query")
    except RuntimeError as error:
        for panel, query in waiting:
            check(f"{panel}: {query}", False, f"no data: {error}")
    for _ in range(count - len(waiting)):
        check("a query has data", True)


def check_names(prometheus, rules, dashboard):
    known = NOT_TOLD | set(fetch_json(f"{prometheus}/api/v1/label/__name__/values")["data"])
    for expression in [alert["expr"] for alert in alerts_of(rules)] + [query for _, query in queries_of(dashboard)]:
        unknown = names_in(expression) - known
        check(f"metrics of: {expression}", names_in(expression) and not unknown, f"not there: {unknown}")


def check_rules_evaluate(prometheus):
    groups = fetch_json(f"{prometheus}/api/v1/rules")["data"]["groups"]
    for rule in alerts_of({"groups": groups}):
        check(f"{rule['name']} is evaluated", rule["health"] == "ok", rule.get("lastError", ""))


def is_down(alerts, name):
    return any(alert["labels"]["alertname"] == "ServiceDown" and alert["labels"]["service"] == name
               for alert in alerts)


def check_fire_drill(processes, receiver, prometheus, alertmanager, restart):
    def told():
        return fetch_json(f"{alertmanager}/api/v2/alerts")

    check("nobody is told of a service that runs", not is_down(told(), "order-service"))
    processes.end("order-service", signal.SIGKILL)
    wait_until(lambda: is_down(told(), "order-service"), "ServiceDown is in Alertmanager")
    check("the other service is not said to be down", not is_down(told(), "payment-service"))
    wait_until(lambda: is_down(receiver.alerts(), "order-service"), "the receiver is told")
    check("who is told is told what to do",
          all(set(alert["annotations"]) == ANNOTATIONS for alert in receiver.alerts()))
    restart()
    wait_until(lambda: not has_data(
        prometheus, 'ALERTS{alertname="ServiceDown", service="order-service"}'), "the alert ends")
    check("an alert was fired, told of, and ended", True)


def watch(binaries, home, processes, rules, dashboard):
    ports = start_services(processes, binaries, home)
    prometheus_port, alertmanager_port = free_port(), free_port()
    prometheus = f"http://127.0.0.1:{prometheus_port}"
    stop = threading.Event()
    traffic = threading.Thread(target=make_traffic, args=(ports, stop), daemon=True)

    for name in SERVICES:
        verify_backup(binaries, home, name, ports)
    with Receiver() as receiver:
        write_configuration(home, ports, alertmanager_port, receiver.port)
        start_watchers(processes, home, prometheus_port, alertmanager_port)
        traffic.start()
        check_dashboard(prometheus, dashboard)
        check_names(prometheus, rules, dashboard)
        check_rules_evaluate(prometheus)
        stop.set()
        traffic.join()
        check_metrics(ports)
        check_fire_drill(processes, receiver, prometheus, f"http://127.0.0.1:{alertmanager_port}",
                         lambda: start_service(processes, binaries, home, "order-service", ports))


def main():
    binaries = pathlib.Path(sys.argv[1]).resolve()
    rules = load(RULES)
    dashboard = json.loads((DOCKER / "grafana/dashboards/farthing.json").read_text())

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    check_files()
    check_annotations(rules)
    check_readme(rules)
    check_coverage(rules, HERE / "rules_test.yml")
    check_grafana(dashboard)
    with tempfile.TemporaryDirectory(prefix="farthing-monitoring-") as home, Processes(pathlib.Path(home)) as processes:
        check_job_rules(pathlib.Path(home))
        try:
            watch(binaries, pathlib.Path(home), processes, rules, dashboard)
        except (RuntimeError, OSError) as error:
            check("the services are watched", False, f"{error}\n{processes.logs()}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
