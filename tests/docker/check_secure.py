"""check_secure.py - secure.yaml laid over the running pair: keys and mTLS, the same data."""
import copy
import os
import signal
import ssl

from checks import run, wait_until
from pair import ROOT, compose


def called_with(service, tls, headers):
    """The service as somebody else calls it."""
    other = copy.copy(service)
    other.tls, other.headers = tls, headers
    return other


def make_secrets(secrets):
    run(ROOT / "docker/secure.sh", secrets)


def operator_tls(secrets):
    tls = ssl.create_default_context(cafile=secrets / "operator/ca.crt")
    tls.load_cert_chain(secrets / "operator/operator.crt", secrets / "operator/operator.key")
    return tls


def served_certificate(service):
    connection = service.connect()
    connection.connect()
    try:
        return connection.sock.getpeercert()["serialNumber"]
    finally:
        connection.close()


def check_closed_by_the_overlay(pair, work):
    """The pair goes on with its data, and both sides agree over mTLS."""
    paid = pair.pay_order("before-secure", 5)
    secrets = work / "secrets"
    make_secrets(secrets)
    os.environ["SECRETS"] = str(secrets)
    os.environ["COMPOSE_FILE"] = "docker/compose.yaml:docker/secure.yaml"
    for service in pair.both:
        service.tls = operator_tls(secrets)
        secret = (secrets / "operator/operator.secret").read_text("ascii").strip()
        service.headers = {"Authorization": f"Bearer {secret}"}
    pair.start()
    assert pair.payment.get(f"/payments/{paid['payment_id']}")["order_id"] == "before-secure"
    pair.pay_order("secure", 5)
    pair.wait_paid("secure")
    pair.check_agreement()
    for service in pair.both:
        wait_until(lambda: service.inspect()["State"]["Health"]["Status"] == "healthy",
                   f"{service.name} is healthy")


def check_nobody_else_gets_in(pair, work):
    """No key, no certificate, no TLS: refused; a scraper's key opens the metrics alone."""
    without_certificate = ssl.create_default_context(cafile=work / "secrets/operator/ca.crt")
    metrics = (work / "secrets/operator/metrics.secret").read_text("ascii").strip()
    scraper = {"Authorization": f"Bearer {metrics}"}
    for service in pair.both:
        for path, tls, headers, expected in [
                ("/events", service.tls, {}, 401),
                ("/events", service.tls, scraper, 403),
                ("/metrics", service.tls, scraper, 200),
                ("/events", without_certificate, service.headers, 403),
                ("/readyz", without_certificate, {}, 200)]:
            status, _, value = called_with(service, tls, headers).call("GET", path)
            assert status == expected, f"{service.name}: {path}: {status} {value}"
        assert not called_with(service, None, service.headers).is_ready(), "plain HTTP is answered"
        log = run("sh", "-c", f"docker logs {service.container()} 2>&1")
        assert '"event":"no_authentication"' not in log, log[:1000]


def check_certificates_are_renewed(pair, work):
    """secure.sh again, then SIGHUP: new certificates, no restart, the same keys."""
    before = {service: served_certificate(service) for service in pair.both}
    pids = [service.pid() for service in pair.both]
    make_secrets(work / "secrets")
    compose("kill", "-s", "HUP", "payment-service", "order-service")
    for service in pair.both:
        wait_until(lambda: served_certificate(service) != before[service],
                   f"{service.name} shows its new certificate")
    pair.pay_order("renewed", 5)
    pair.wait_paid("renewed")
    assert pids == [service.pid() for service in pair.both]


def check_still_restarted(pair, _):
    """A signal that asks for the new files does not count as the user's wish to end."""
    for service in pair.both:
        os.kill(service.pid(), signal.SIGKILL)
    for service in pair.both:
        service.wait_ready()


def check_opened_again(pair, _):
    """Without the overlay everything is as before."""
    del os.environ["COMPOSE_FILE"]
    for service in pair.both:
        service.tls, service.headers = None, {}
    pair.start()
    pair.pay_order("opened", 5)
    pair.wait_paid("opened")


CHECKS = [check_closed_by_the_overlay, check_nobody_else_gets_in, check_certificates_are_renewed,
          check_still_restarted, check_opened_again]
