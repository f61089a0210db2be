"""Un géocodeur local qui répond comme le contrat de la Géoplateforme, ou comme une panne."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def lieu(libelle, lon, lat, *, score=0.97, genre="housenumber", insee="62498", ville="Lens"):
    """Une entité, aux champs du contrat."""
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {
            "label": libelle, "score": score, "id": "x", "name": libelle, "postcode": "62300",
            "citycode": insee, "x": 0.0, "y": 0.0, "city": ville, "context": "62, Pas-de-Calais",
            "type": genre, "importance": 0.6,
        },
    }  # fmt: skip


def reponse(*lieux):
    return json.dumps({"type": "FeatureCollection", "features": list(lieux)}).encode()


@contextmanager
def geocodeur(corps=b"", *, code=200, pause=0.0, goutte=0.0):
    """Sert `corps` sur un port libre ; rend l'adresse et les requêtes reçues."""
    recues = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self):
            recues.append((parse_qs(urlsplit(self.path).query), dict(self.headers)))
            time.sleep(pause)
            self.send_response(code)
            self.send_header("Content-Length", str(len(corps)))
            self.end_headers()
            try:
                for octet in range(0, len(corps), 1 if goutte else max(1, len(corps))):
                    self.wfile.write(corps[octet : octet + 1] if goutte else corps)
                    time.sleep(goutte)
            except OSError:
                return

        def log_message(self, *args):
            return

    serveur = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    fil = threading.Thread(target=serveur.serve_forever, args=(0.02,), daemon=True)
    fil.start()
    try:
        yield f"http://127.0.0.1:{serveur.server_port}/geocodage", recues
    finally:
        serveur.shutdown()
        serveur.server_close()
        fil.join()
